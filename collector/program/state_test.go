package program

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stateValues are those that testdata/state.json knows of a disk that newRoot laid.
var stateValues = []string{
	"/hooks/login.sh -x", "/a b", "/tmp/x.sh", "/hooks/suid", "/hooks/gone", "/loop1", "/hooks/fifo", "/chain", "/hooks/user.sh",
	"/hooks/\xff\xfe.sh", "/hooks/\x1b[2J\u2028\"\\ x",
}

// TestStateOnDisk starts from what an agent left behind, on a disk
// that was not changed meanwhile, and on one that was. The version before wrote another form.
func TestStateOnDisk(t *testing.T) {
	for _, name := range []string{"state.json", "state-before-parts.json"} {
		t.Run(name, func(t *testing.T) { testState(t, filepath.Join("testdata", name)) })
	}
}

func testState(t *testing.T, name string) {
	b, err := os.ReadFile(name)
	must(t, err)
	var before State
	must(t, json.Unmarshal(b, &before))
	if len(before[Root]) != len(stateValues) || len(before) != 2 {
		t.Fatalf("got %+v", before)
	}
	for i := range before[Root] { // whoever runs the test
		if f := &before[Root][i].Found; f.Inode != 0 {
			f.UID, f.GID = uint32(os.Getuid()), uint32(os.Getgid())
		}
	}
	for _, change := range []bool{false, true} {
		root := newRoot(t)
		for _, v := range stateValues[9:] {
			put(t, filepath.Join(root, v), hookScript, 0o755)
		}
		want := ""
		if change {
			put(t, filepath.Join(root, "hooks/login.sh"), "#!/bin/sh\n", 0o755)
			put(t, filepath.Join(root, "hooks/gone"), "#!/bin/sh\n", 0o755)
			put(t, filepath.Join(root, stateValues[9]), hookScript, 0o700)
			// Every file is another one than then.
			want = "/hooks/login.sh -x: content replaced; /hooks/gone: appeared; /chain: content replaced; " + stateValues[9] + ": mode"
		}
		got := newSweeper(root, before).Sweep(stateValues, noon)
		equal(t, "changes", listChanges(got), want)
		for _, c := range got {
			if c.Since == 0 || strings.HasPrefix(c.Value, "/hooks/login") && (c.Old.SHA256 != sumOf(hookScript) || c.Old.Arguments != "-x") {
				t.Errorf("since %v, old %+v", c.Since, c.Old)
			}
		}
	}
}
