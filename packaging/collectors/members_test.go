package collectors_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// members returns the members of the documents by their paths, with the Go types that
// pkg/alert and pkg/chain declare them with. It reads the source, as this folder may not import
// it.
func members(t *testing.T) map[string]string {
	t.Helper()
	w := walker{types: map[string]*ast.StructType{}, found: map[string]string{}}
	w.read(t, "../../pkg/alert", "")
	w.read(t, "../../pkg/chain", "chain.")
	w.walk("Alert", "", nil)
	w.walk("Heartbeat", "", nil)
	if len(w.found) < 200 {
		t.Fatalf("found only %d members in pkg/alert", len(w.found))
	}
	return w.found
}

type walker struct {
	types map[string]*ast.StructType
	found map[string]string
}

// read takes in the structs of a package, by their names with a prefix.
func (w *walker) read(t *testing.T, folder, prefix string) {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no source: %v", folder, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					w.types[prefix+spec.Name.Name] = s
				}
			}
			return true
		})
	}
}

// walk adds the members of a type. A process within a process within a process has no
// place in a document.
func (w *walker) walk(name, path string, inside []string) {
	depth := 0
	for _, outer := range inside {
		if outer == name {
			depth++
		}
	}
	if depth > 1 {
		return
	}
	inside = append(inside, name)
	for _, field := range w.types[name].Fields.List {
		kind := kindOf(field.Type)
		if len(field.Names) == 0 {
			w.walk(kind, path, inside) // embedded
			continue
		}
		if field.Tag == nil {
			continue
		}
		tag, _ := strconv.Unquote(field.Tag.Value)
		json, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if json == "-" {
			continue // of no document
		}
		member := strings.TrimPrefix(path+"."+json, ".")
		if _, inner := w.types[kind]; inner && kind != "Time" {
			w.walk(kind, member, inside)
		} else {
			w.found[member] = kind
		}
	}
}

// kindOf returns the name of a type without pointers and slices.
func kindOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return kindOf(e.X)
	case *ast.SelectorExpr:
		return kindOf(e.X) + "." + e.Sel.Name
	case *ast.ArrayType:
		return kindOf(e.Elt)
	case *ast.MapType:
		return "map"
	case *ast.Ident:
		return e.Name
	}
	return ""
}
