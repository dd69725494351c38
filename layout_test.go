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

// rooms has a row for each package: the project's packages that it may import; a folder stands for
// all packages in it. Arrows point down only, and no row allows what nobody uses.
var rooms = []room{
	{"agent/cmd/hooksnare", []string{"agent", "detect/rules", "pkg"}},
	{"agent/cmd/soak", nil},
	{"agent/cmd/standin", []string{"collector/eslogger/synthetic"}},
	{"agent", []string{"agent/config", "agent/delivery", "agent/exceptions", "agent/health", "agent/host", "agent/inforce", "agent/integrity", "agent/judge", "agent/ruleset", "agent/watch", "collector", "packaging/launchd", "pkg"}},

	{"agent/checkup", []string{"agent/config", "agent/health", "agent/ruleset", "collector/program", "detect", "pkg"}},
	{"agent/offline", []string{"agent/config", "agent/document", "agent/exceptions", "agent/host", "agent/judge", "agent/ruleset", "collector", "detect", "pkg"}},
	{"agent/watch", []string{"agent/config", "agent/document", "agent/exceptions", "agent/health", "agent/judge", "collector", "detect", "pkg"}},
	{"agent/exceptions", []string{"agent/config", "agent/document", "agent/health", "collector/program", "detect", "pkg"}},
	{"agent/judge", []string{"agent/document", "agent/health", "agent/host", "collector/eslogger", "collector/process", "detect", "pkg"}},
	{"agent/document", []string{"agent/health", "agent/host", "collector/process", "detect", "pkg"}},
	{"agent/ruleset", []string{"agent/config", "agent/health", "collector/eslogger", "detect", "pkg"}},
	{"agent/integrity", []string{"agent/health", "pkg"}},
	{"agent/inforce", []string{"agent/config", "agent/health", "pkg"}},
	{"agent/delivery", []string{"agent/config", "agent/health", "pkg"}},
	{"agent/health", []string{"agent/host", "collector/eslogger", "detect", "pkg"}},
	{"agent/config", []string{"collector", "detect", "pkg"}},
	{"agent/host", []string{"pkg"}},
	{"agent/profile", []string{"agent/config"}},
	{"agent/service", []string{"agent/health", "packaging/launchd"}},

	{"collector/eslogger", []string{"pkg/event", "pkg/quote"}},
	{"collector/eslogger/synthetic", []string{"pkg/event"}},
	{"collector/process", []string{"collector/eslogger", "pkg/event"}},
	{"collector/prefs", []string{"pkg/event", "pkg/plist", "pkg/safefile"}},
	{"collector/program", []string{"pkg/event", "pkg/phase", "pkg/safefile"}},

	{"detect", []string{"detect/eql", "detect/hook", "detect/rules", "pkg/event", "pkg/redact"}},
	{"detect/eql", nil}, // of use to others as it is
	{"detect/hook", []string{"pkg/plist"}},
	{"detect/rules", []string{"detect/eql", "pkg/event"}},

	{"pkg/alert", []string{"pkg/chain", "pkg/event", "pkg/quote"}},
	{"pkg/alertlog", []string{"pkg/alert", "pkg/chain", "pkg/logfile"}},
	{"pkg/chain", nil},
	{"pkg/clip", nil},
	{"pkg/event", nil},
	{"pkg/forward", []string{"pkg/event", "pkg/quote", "pkg/spool"}},
	{"pkg/forward/receivers", nil},
	{"pkg/hang", nil},
	{"pkg/logfile", []string{"pkg/quote", "pkg/safefile"}},
	{"pkg/phase", nil},
	{"pkg/plist", nil},
	{"pkg/quote", nil},
	{"pkg/redact", nil},
	{"pkg/safefile", nil},
	{"pkg/shared", nil},
	{"pkg/spool", []string{"pkg/chain", "pkg/hang", "pkg/quote"}},
	{"pkg/syslog", nil},

	{"packaging/collectors", nil},
	{"packaging/collectors/check", []string{"pkg/chain"}},
	{"packaging/launchd", nil},
	{"packaging/mdm", nil},
	{"packaging/package", []string{"agent/service", "packaging/launchd", "packaging/package"}},
	{"packaging/package/archive", nil},
	{"packaging/package/broken", []string{"agent/integrity", "agent/service"}},
	{"packaging/package/macho", nil},
	{"packaging/package/xar", nil},
}

type room struct {
	folder string
	may    []string
}

// testOnly are packages that only tests may import: what they need is no part of the agent.
var testOnly = []string{"pkg/shared", "pkg/forward/receivers"}

// topLevel is every folder and file that the top of the project may have.
var topLevel = []string{
	"agent", "collector", "detect", "pkg", "packaging", ".ci", "Makefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md",
	"LICENSE", "SECURITY.md", "go.mod", "go.sum", "layout_test.go", "docs_test.go", ".gitignore", ".git",
	"bin", "dist", // built, not kept
}

// pure are the packages without a clock, files, network, environment or goroutines.
var pure = []string{"detect", "agent/judge", "agent/document", "agent/profile"}

// impure lists what these must not import.
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

// TestImports holds every package to its row.
func TestImports(t *testing.T) {
	used := map[string]bool{}
	for _, file := range sources(t) {
		test := strings.HasSuffix(file.name, "_test.go")
		folder := filepath.ToSlash(filepath.Dir(file.name))
		row := slices.IndexFunc(rooms, func(r room) bool { return r.folder == folder })
		if row < 0 && folder != "." {
			t.Errorf("%s: %s has no row in the table of who may import whom", file.name, folder)
			continue
		}
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if isPure(folder) && !test && slices.Contains(impure, path) {
				t.Errorf("%s: %s is pure and may not import %s", file.at(spec), folder, path)
			}
			inner, ours := strings.CutPrefix(path, module)
			if !ours || test || inner == folder {
				continue
			}
			if slices.Contains(testOnly, inner) {
				t.Errorf("%s: %s is for tests alone", file.at(spec), path)
			}
			i := slices.IndexFunc(rooms[row].may, func(m string) bool { return below(inner, m) })
			if i < 0 {
				t.Errorf("%s: %s may not import %s", file.at(spec), folder, path)
				continue
			}
			used[folder+" "+rooms[row].may[i]] = true
		}
	}
	for _, r := range rooms {
		for _, m := range r.may {
			if !used[r.folder+" "+m] {
				t.Errorf("%s imports nothing of %s: take it out of its row", r.folder, m)
			}
		}
	}
}

// isPure reports whether a package is pure, or below one that is.
func isPure(folder string) bool {
	return slices.ContainsFunc(pure, func(p string) bool { return below(folder, p) })
}

// TestPure looks in pure packages for a clock and for goroutines.
func TestPure(t *testing.T) {
	for _, file := range sources(t) {
		if !isPure(filepath.ToSlash(filepath.Dir(file.name))) || strings.HasSuffix(file.name, "_test.go") {
			continue
		}
		ast.Inspect(file.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a pure package starts no goroutines", file.at(n))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "Sleep", "NewTimer", "NewTicker", "AfterFunc"}, n.Sel.Name) {
					t.Errorf("%s: a pure package has no clock, and this uses time.%s", file.at(n), n.Sel.Name)
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
	"agent/service":      "this machine's launchctl and pkgutil",
	"packaging/package":  "go and git, where releases are built",
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
