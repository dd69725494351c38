package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestConstants compares the agent of the simulation with the constants that pkg/forward is
// built with. It reads them, as this folder may not import that one.
func TestConstants(t *testing.T) {
	built := constants(t, "../../../pkg/forward")
	for name, got := range map[string]int64{
		"defaultItems": int64(agent.Batch), "minWait": int64(agent.LeastWait), "maxWait": int64(agent.MostWait),
		"recoverPause": int64(agent.RecoverPause), "gatherPause": int64(agent.GatherPause),
		"headerTimeout": int64(agent.Timeout), "idleTimeout": int64(agent.IdleTimeout),
	} {
		if want, found := built[name]; !found || got != want {
			t.Errorf("%s: got %d, pkg/forward has %d (found: %v)", name, got, want, found)
		}
	}
}

// constants returns the constants of a package that are made of numbers and durations.
func constants(t *testing.T, folder string) map[string]int64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no source: %v", folder, err)
	}
	out := map[string]int64{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if len(v.Names) == 1 && len(v.Values) == 1 {
					if n, ok := value(v.Values[0]); ok {
						out[v.Names[0].Name] = n
					}
				}
			}
		}
	}
	return out
}

func value(e ast.Expr) (int64, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		n, err := strconv.ParseInt(e.Value, 0, 64)
		return n, err == nil
	case *ast.SelectorExpr:
		n, ok := map[string]time.Duration{"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}[e.Sel.Name]
		return int64(n), ok
	case *ast.BinaryExpr:
		x, ok := value(e.X)
		y, good := value(e.Y)
		switch {
		case !ok || !good:
			return 0, false
		case e.Op == token.MUL:
			return x * y, true
		case e.Op == token.SHL:
			return x << y, true
		}
	}
	return 0, false
}
