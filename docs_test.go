package hooksnare_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hooksnare/agent/health"
	"hooksnare/detect/rules"
)

var write = flag.Bool("write", false, "write the parts of documents that are made from code")

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestConditionsDocument keeps the list of conditions equal to the table in the code.
func TestConditionsDocument(t *testing.T) {
	const name = "packaging/CONDITIONS.md"
	want := "# Conditions\n\n" + conditionsText()
	if *write {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := text(t, name); got != want {
		t.Errorf("%s is not what the code says: run go test . -write", name)
	}
}

// conditionsText returns the reference of conditions and losses in Markdown.
func conditionsText() string {
	var b strings.Builder
	b.WriteString(`A condition is a way in which the agent does not see, keep or deliver what it should. The status
names each one that is on, with the time when it began; ` + "`hooksnare doctor`" + ` says what it means and
what to do about it; heartbeats carry them, and ` + "`heartbeat.healthy`" + ` is false while one is on. Each
is an alert of the rule ` + "`sensor-degraded`" + ` when it begins and an update of it when it ends; ` + "`tampered`" + `
is one of ` + "`agent-tampered`" + `, and ` + "`exceptions_changed`" + ` one of ` + "`exceptions-changed`" + `. One that
has a subject is written NAME.SUBJECT; what is not a letter, a digit or one of ` + "`/._-@+:=`" + ` there is
written %XX, and a long one ends with a hash. Of one name at most eight subjects are named at a
time; the counter ` + "`conditions_unnamed`" + ` has the others.

"Once" marks what happens and does not last: its alert is followed by its end at once. "No alert"
marks what is shown and raises none.

| name | meaning | what to do |
|---|---|---|
`)
	for _, row := range health.Rows() {
		name := row.Word
		if row.Of != "" {
			name += ".…"
		}
		meaning := row.Meaning
		if row.Of != "" {
			meaning += " Subject: " + row.Of + "."
		}
		if row.Moment {
			meaning += " Once."
		}
		if row.Silent {
			meaning += " No alert."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, cell(meaning), cell(row.Cure))
	}
	fmt.Fprintf(&b, `
# Losses

What the agent forgot, skipped or could not examine is counted: in `+"`hooksnare status`"+`, and in
heartbeats under `+"`hooksnare.heartbeat.losses`"+`, where a counter of 0 is absent. A count is since the
agent started, or of now where that is said. While a counter that matters rises, the condition
`+"`events_forgotten.COUNTER`"+` is on; it ends %v after the counter last rose, so that nobody can make
it begin and end more often than that.

| counter | matters | N ... |
|---|---|---|
`, health.LossQuiet)
	for _, row := range health.Counters() {
		meaning := row.Meaning
		if row.Now {
			meaning = "(now) " + meaning
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", row.Word, map[bool]string{true: "yes"}[row.Matters], cell(meaning))
	}
	return b.String()
}

// cell returns a text as it stands in a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// TestRulesTable keeps README's table of rules equal to the built-in rules.
func TestRulesTable(t *testing.T) {
	const mark = "<!-- rules: kept true by a test -->\n"
	var b strings.Builder
	b.WriteString(mark + "\n| id | rule | severity |\n|---|---|---|\n")
	for _, s := range rules.Builtin() {
		r, err := rules.Load(s.Name, s.Text, nil)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s %d |\n", r.ID, r.Name, r.Severity, r.Severity.Number())
	}
	readme := text(t, "README.md")
	from := strings.Index(readme, mark)
	to := from + strings.Index(readme[from:], "\nRule files are TOML")
	if from < 0 || to < from {
		t.Fatal("README.md: the marks around the table of rules are gone")
	}
	if *write {
		readme = readme[:from] + b.String() + readme[to:]
		if err := os.WriteFile("README.md", []byte(readme), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := readme[from:to]; got != b.String() {
		t.Errorf("README.md's rules are not the built-in ones: run go test . -write\ngot:\n%s\nwant:\n%s", got, b.String())
	}
}

// TestDependencies compares README's table with the direct requirements of go.mod.
func TestDependencies(t *testing.T) {
	readme, mod := text(t, "README.md"), text(t, "go.mod")
	for _, line := range strings.Split(mod, "\n") {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "\t") && len(fields) == 2 && !strings.Contains(readme, "| "+fields[0]+" |") {
			t.Errorf("%s is required and not justified in README.md", fields[0])
		}
	}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z.]+/[^ ]+) \|`).FindAllStringSubmatch(readme, -1) {
		if !strings.Contains(mod, row[1]+" v") {
			t.Errorf("%s is in README.md and not in go.mod", row[1])
		}
	}
}

// TestCommandsExist runs every command that README shows, with --help, and looks for
// every make target.
func TestCommandsExist(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hooksnare")
	if out, err := exec.Command("go", "build", "-o", program, "./agent/cmd/hooksnare").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	readme, seen := text(t, "README.md"), map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)(?:^ +|`)(?:sudo )?hooksnare ([a-z]+(?: [a-z]+)?)").FindAllStringSubmatch(readme, -1) {
		verb := strings.Fields(m[1])
		if len(verb) == 2 && verb[0] != "rules" && verb[0] != "completion" {
			verb = verb[:1]
		}
		if key := strings.Join(verb, " "); !seen[key] {
			seen[key] = true
			if out, err := exec.Command(program, append(verb, "--help")...).CombinedOutput(); err != nil || strings.Contains(string(out), "unknown command") {
				t.Errorf("hooksnare %s --help: %v\n%s", key, err, out)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("found only %d commands in README.md: %v", len(seen), seen)
	}
	makefile := text(t, "Makefile")
	for _, m := range regexp.MustCompile("make ([a-z]+)").FindAllStringSubmatch(readme, -1) {
		if !strings.Contains(makefile, "\n"+m[1]+":") && m[1] != "and" {
			t.Errorf("make %s is in README.md and not in the Makefile", m[1])
		}
	}
}

// TestMap holds the map in CONTRIBUTING.md and the table of packages together.
func TestMap(t *testing.T) {
	guide := text(t, "CONTRIBUTING.md")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("`((?:agent|collector|detect|pkg|packaging)[a-z/]*)`").FindAllStringSubmatch(guide, -1) {
		listed[m[1]] = true
		if _, err := os.Stat(m[1]); err != nil {
			t.Errorf("CONTRIBUTING.md names %s, which is not there", m[1])
		}
	}
	for _, r := range rooms {
		support := slices.Contains(testOnly, r.folder) || strings.HasPrefix(r.folder, "agent/cmd/") || strings.HasPrefix(r.folder, "packaging/")
		if !support && !listed[r.folder] && r.folder != "collector/eslogger/synthetic" {
			t.Errorf("CONTRIBUTING.md: the map lacks %s", r.folder)
		}
	}
}
