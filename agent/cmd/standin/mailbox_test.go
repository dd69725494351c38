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

func TestMailboxLosesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := newMailbox(dir); err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := post(dir, execed{int32(1000*(w+1) + i), 9, "/a \"b\"\n/true", `["true [x"]`}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	got := map[execed]bool{}
	for last := false; ; {
		all, err := take(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			got[e] = true
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
		t.Errorf("got %d different posts, want %d", len(got), writers*each)
	}
}

func TestMailboxIsBoundedAndForgiving(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, mailboxName)
	bad := "x\n1 2 \"/pid/1\"\n5 0 \"/no/parent\"\n5 5 \"/own/parent\"\n99999999999 1 \"/big\"\n7 1 \"cut"
	if err := os.WriteFile(name, []byte(bad+"\n8 1 \"/good\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := take(dir)
	if want := []execed{{8, 1, "/good", ""}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("take: got %v, %v; want %v", got, err, want)
	}
	full := strings.Repeat(fmt.Sprintf("8 1 %q\n", "/x"), maxMailbox/8)
	if err := os.WriteFile(name, []byte(full), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := post(dir, execed{8, 1, "/x", ""}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Size() != int64(len(full)) {
		t.Errorf("a full mailbox grew to %d bytes, %v; want %d", info.Size(), err, len(full))
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", name); err != nil {
		t.Fatal(err)
	}
	if err := newMailbox(dir); err == nil {
		t.Error("a mailbox that is a link was opened")
	}
}
