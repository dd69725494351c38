package agent_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// aloneVariable marks a test that runs in a process of its own.
const aloneVariable = "TEST_ALONE"

// alone runs the calling test in a process of its own, and reports whether this is it. A
// limit on files holds for a whole process, in which the testing package writes a file,
// too: the list of what the tests opened.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(aloneVariable) != "" {
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), aloneVariable+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("in a process of its own: %v\n%s", err, out)
	}
	return false
}
