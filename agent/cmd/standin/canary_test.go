package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func TestNoReportIsLost(t *testing.T) {
	dir := t.TempDir()
	f, err := openExecs(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const writers, each = 4, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := reportExec(dir, execed{int32(1000*(w+1) + i), 9, "/a \"b\"\n/true", []string{"true [x"}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	got, offset := map[int32]bool{}, int64(0)
	for last := false; ; {
		list, next, err := readExecs(f, offset)
		if err != nil {
			t.Fatal(err)
		}
		offset = next
		for _, e := range list {
			got[e.PID] = true
		}
		if last {
			break
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
	if len(got) != writers*each {
		t.Errorf("got %d different reports, want %d", len(got), writers*each)
	}
}

func TestReportsAreBoundedAndForgiving(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, execsName)
	f, err := openExecs(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	one := func(pid, ppid any) string {
		return fmt.Sprintf("{\"PID\":%v,\"PPID\":%v,\"Path\":\"/good\",\"Args\":[\"x\"]}\n", pid, ppid)
	}
	bad := "x\n{}\n" + one(1, 2) + one(5, 0) + one(5, 5) + one(99999999999, 1)
	if err := os.WriteFile(name, []byte(bad+one(8, 1)+strings.TrimSuffix(one(9, 1), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _, err := readExecs(f, 0)
	if want := []execed{{8, 1, "/good", []string{"x"}}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	full := strings.Repeat(one(8, 1), maxExecs/8)
	if err := os.WriteFile(name, []byte(full), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := reportExec(dir, execed{8, 1, "/x", nil}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Size() != int64(len(full)) {
		t.Errorf("a full file grew to %d bytes, %v; want %d", info.Size(), err, len(full))
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", name); err != nil {
		t.Fatal(err)
	}
	if _, err := openExecs(dir); err == nil {
		t.Error("a file that is a link was opened")
	}
}
