package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hooksnare/pkg/shared"
)

// TestCases runs the real inputs that are kept beside the repository, where they are: each says
// what a careful person expects of it. Those that run the whole daemon need root.
func TestCases(t *testing.T) {
	if os.Getenv("TEST_SLOW") != "1" {
		t.Skip("only with TEST_SLOW=1")
	}
	scripts, err := filepath.Glob(shared.Path(t, "cases", "[0-9]*", "run.sh"))
	if err != nil || len(scripts) == 0 {
		t.Skip("the cases are not there")
	}
	if _, err := exec.LookPath("python3"); err != nil || os.Getuid() != 0 {
		t.Skip("needs python3 and root")
	}
	binary := filepath.Join(t.TempDir(), "hooksnare")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, script := range scripts {
		t.Run(filepath.Base(filepath.Dir(script)), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "sh", script, binary)
			cmd.WaitDelay = time.Second
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: got %v, want what its expect.json says:\n%s", script, err, out)
			}
		})
	}
}
