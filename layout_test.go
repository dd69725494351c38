// Package hooksnare_test holds the project to its layout: who may import whom, and what
// the pure packages must not touch. This table is the one place to change when the
// architecture changes.
package hooksnare_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "hooksnare/"

// layers lists, for the packages below a folder, the project's packages that they may
// import. The first matching folder counts. Arrows point down only.
var layers = []struct {
	folder string
	may    []string
}{
	{"agent/cmd", []string{"agent", "collector", "detect", "pkg"}},
	{"agent", []string{"agent", "collector", "detect", "pkg", "packaging/launchd"}},
	{"collector", []string{"collector", "pkg"}},
	{"detect/eql", nil}, // of use to others as it is
	{"detect", []string{"detect", "pkg/event", "pkg/plist", "pkg/quote", "pkg/redact"}},
	{"pkg/stallfs", nil}, // see testOnly
	{"pkg/alertlog", []string{"pkg/alert", "pkg/chain", "pkg/logfile"}}, // the reader of what logfile writes
	{"pkg/chain", nil},
	{"pkg/spool", []string{"pkg/chain", "pkg/hang"}},
	{"pkg", []string{"pkg/event", "pkg/alert", "pkg/chain", "pkg/quote", "pkg/safefile"}}, // leaves
	{"packaging/collectors/check", []string{"pkg/chain"}},
	{"packaging", []string{"packaging"}},
}

// testOnly are packages that only tests may import: what they need is no part of the agent.
var testOnly = []string{"pkg/stallfs"}

// topLevel is every folder and file that the top of the project may have.
var topLevel = []string{
	"agent", "collector", "detect", "pkg", "packaging", ".ci", "Makefile", "README.md", "CHANGELOG.md",
	"LICENSE", "SECURITY.md", "go.mod", "go.sum", "layout_test.go", "docs_test.go", ".gitignore", ".git",
	"bin", "dist", // built, not kept
}

// impure lists what detect must not import: it has no clock, files, network or
// environment.
var impure = []string{"os", "os/exec", "net", "net/http", "io/ioutil", "syscall", "path/filepath", "math/rand", "math/rand/v2", "golang.org/x/sys/unix"}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		built := strings.HasSuffix(e.Name(), ".test") || strings.HasSuffix(e.Name(), ".prof") // by go test, and ignored
		if !built && !slices.Contains(topLevel, e.Name()) {
			t.Errorf("%s: not a place of the layout; the top level is fixed", e.Name())
		}
	}
}

func TestImports(t *testing.T) {
	for _, file := range sources(t) {
		test := strings.HasSuffix(file.name, "_test.go")
		folder := filepath.ToSlash(filepath.Dir(file.name))
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if inner, ours := strings.CutPrefix(path, module); ours && !mayImport(folder, inner, test) {
				t.Errorf("%s: %s may not import %s", file.at(spec), folder, path)
			}
			if inner, ours := strings.CutPrefix(path, module); ours && !test && slices.Contains(testOnly, inner) {
				t.Errorf("%s: %s is for tests alone", file.at(spec), path)
			}
			if below(folder, "detect") && !test && slices.Contains(impure, path) {
				t.Errorf("%s: %s is pure and may not import %s", file.at(spec), folder, path)
			}
		}
	}
}

// TestPure looks in detect for a clock and for goroutines.
func TestPure(t *testing.T) {
	for _, file := range sources(t) {
		if !below(filepath.ToSlash(file.name), "detect") || strings.HasSuffix(file.name, "_test.go") {
			continue
		}
		ast.Inspect(file.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: detect starts no goroutines", file.at(n))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "Sleep", "NewTimer", "NewTicker", "AfterFunc"}, n.Sel.Name) {
					t.Errorf("%s: detect has no clock, and uses time.%s", file.at(n), n.Sel.Name)
				}
			}
			return true
		})
	}
}

// executes lists the packages that start programs, and what they start. Nothing of a disk
// that is merely looked at is among it: who adds a package here has to show that.
var executes = map[string]string{
	"collector/eslogger": "eslogger and the canary: this machine's, or what the command line or the environment names",
	"agent/checkup":      "this machine's defaults, or what --defaults names",
	"agent/service":      "this machine's launchctl",
	"agent/cmd/bench":    "measurements",
}

// TestExecutes looks for packages that start programs.
func TestExecutes(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range sources(t) {
		folder := filepath.ToSlash(filepath.Dir(file.name))
		if strings.HasSuffix(file.name, "_test.go") || below(folder, "pkg/forward/receivers") { // for tests alone
			continue
		}
		ast.Inspect(file.File, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := s.X.(*ast.Ident)
			if !ok || x.Name+"."+s.Sel.Name != "exec.Command" && x.Name+"."+s.Sel.Name != "exec.CommandContext" &&
				!slices.Contains([]string{"StartProcess", "ForkExec", "Exec"}, s.Sel.Name) {
				return true
			}
			if seen[folder] = true; slices.Contains([]string{"exec", "os", "syscall", "unix"}, x.Name) && executes[folder] == "" {
				t.Errorf("%s: %s starts programs, and is not in the table of those that may", file.at(n), folder)
			}
			return true
		})
	}
	for folder := range executes {
		if !seen[folder] {
			t.Errorf("%s starts no programs any more: take it out of the table", folder)
		}
	}
}

// TestInit looks for init functions: nothing registers itself.
func TestInit(t *testing.T) {
	for _, file := range sources(t) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: a func init; call it where it is needed", file.at(f))
			}
		}
	}
}

func mayImport(folder, inner string, test bool) bool {
	if test && (inner == "pkg/shared" || slices.Contains(testOnly, inner)) {
		return true // test data of others, and what tests run on
	}
	for _, l := range layers {
		if !below(folder, l.folder) {
			continue
		}
		return inner == folder || test && below(inner, l.folder) || slices.ContainsFunc(l.may, func(m string) bool { return below(inner, m) })
	}
	return folder == "." // tests of the project as a whole
}

// below reports whether a slash-separated path is the folder or lies in it.
func below(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

type source struct {
	*ast.File
	name string
	set  *token.FileSet
}

func (s *source) at(n ast.Node) string { return s.set.Position(n.Pos()).String() }

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		out = append(out, source{f, name, set})
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("%d files, %v", len(out), err)
	}
	return out
}
