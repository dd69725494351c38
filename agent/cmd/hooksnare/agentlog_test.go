package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAgentLogFollowsItsName puts the log aside as newsyslog does, with and without a new file.
func TestAgentLogFollowsItsName(t *testing.T) {
	for _, leavesNew := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "agent.log")
		stderr, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer stderr.Close()
		l := newAgentLog(stderr, path)
		write := func(line string) {
			t.Helper()
			l.checked = time.Time{} // as if it were time to look
			if _, err := l.Write([]byte(line)); err != nil {
				t.Fatal(err)
			}
		}
		write("one\n")
		if err := os.Rename(path, path+".0"); err != nil {
			t.Fatal(err)
		}
		if leavesNew {
			if err := os.WriteFile(path, []byte("turned over\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("two\n")
		want := map[string]string{path + ".0": "one\n", path: "two\n"}
		if leavesNew {
			want[path] = "turned over\ntwo\n"
		}
		for name, text := range want {
			if got, err := os.ReadFile(name); err != nil || string(got) != text {
				t.Errorf("new file %v: %s: got %q, %v, want %q", leavesNew, filepath.Base(name), got, err, text)
			}
		}
	}
}

// TestAgentLogOfSomethingElse leaves a stderr alone that is not the log.
func TestAgentLogOfSomethingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "agent.log")
	stderr, err := os.Create(filepath.Join(dir, "elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	l := newAgentLog(stderr, path)
	if _, err := l.Write([]byte("line\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("%s: %v, want no such file", path, err)
	}
}
