package soak

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build builds a program of the project, with other source in the place of some files.
func build(t testing.TB, program string, instead map[string]string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), program)
	args := []string{"build", "-trimpath", "-o", out}
	if len(instead) > 0 {
		dir := t.TempDir()
		replace := map[string]string{}
		for name, text := range instead {
			file := filepath.Join(dir, filepath.Base(name))
			lay(t, file, []byte(text))
			replace[name] = file
		}
		b, err := json.Marshal(map[string]any{"Replace": replace})
		if err != nil {
			t.Fatal(err)
		}
		overlay := filepath.Join(dir, "overlay.json")
		lay(t, overlay, b)
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, "hooksnare/agent/cmd/"+program)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	return out
}

// acknowledgeFirst returns the agent's source with the fault of the control: what is read
// from the spool is forgotten before it is delivered. The agent itself has no switch for it.
func acknowledgeFirst(t testing.TB) map[string]string {
	t.Helper()
	name, err := filepath.Abs("../../../pkg/forward/runner.go")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const right = "items, err := r.options.Queue.Next(next, r.pace.items, r.pace.bytes)\n"
	const wrong = right + "\tif err == nil {\n\t\t_ = r.options.Queue.Ack(items)\n\t}\n"
	if n := strings.Count(string(b), right); n != 1 {
		t.Fatalf("%s: got the line that the control changes %d times, want it once: %s", name, n, right)
	}
	return map[string]string{name: strings.Replace(string(b), right, wrong, 1)}
}
