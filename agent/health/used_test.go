package health_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hooksnare/agent/health"
)

// raisedOtherwise are the names that the agent's source need not mention: the sensor's come by
// their words, and the tracker raises that of the losses.
var raisedOtherwise = []string{
	"EsloggerExited", "NotRoot", "NotEntitled", "TooManyClients", "UnknownEvent", "NotStarted", "Gap", "SchemaUnknown",
	"EventsForgotten",
}

// TestEverythingIsUsed looks for conditions that nobody raises and counters that nobody counts.
func TestEverythingIsUsed(t *testing.T) {
	used := map[string]bool{}
	tables := []string{"health.go", "losses.go", "table.go", "losstable.go"} // which name each anyway
	err := filepath.WalkDir("../../agent", func(name string, d fs.DirEntry, err error) error {
		own := filepath.Base(filepath.Dir(name)) == "health"
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || own && slices.Contains(tables, filepath.Base(name)) {
			return err
		}
		ast.Inspect(parse(t, name), func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "health" {
					used[n.Sel.Name] = true
				}
			case *ast.Ident:
				used[n.Name] = used[n.Name] || own
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range append(constants(t, "health.go"), constants(t, "losses.go")...) {
		found++
		if !used[name] && !slices.Contains(raisedOtherwise, name) {
			t.Errorf("health.%s: in the table, and no part of the agent raises or counts it", name)
		}
	}
	if want := len(health.Rows()) + len(health.Counters()); found != want {
		t.Errorf("found %d names and counters, the tables have %d", found, want)
	}
}

// constants returns the exported constants of the enumeration in a file.
func constants(t *testing.T, name string) []string {
	t.Helper()
	var out []string
	for _, d := range parse(t, name).Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST || !g.Lparen.IsValid() {
			continue
		}
		for _, s := range g.Specs {
			if id := s.(*ast.ValueSpec).Names[0]; id.IsExported() {
				out = append(out, id.Name)
			}
		}
	}
	return out
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
