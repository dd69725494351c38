package alert

import (
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// rooted is the sample with its lineage up to launchd.
func rooted() *Alert {
	a := sample()
	e := a.Hooksnare.Evidence
	e.Lineage = append(e.Lineage, Command{PID: 1, Executable: "/sbin/launchd", User: &User{ID: "0", Name: "root"}})
	return a
}

func TestTree(t *testing.T) {
	golden(t, "tree.txt", []byte(rooted().Tree(false)))
	golden(t, "tree_ascii.txt", []byte(rooted().Tree(true)))
	golden(t, "tree_cut.txt", []byte(sample().Tree(false)))
}

func TestTreeOf(t *testing.T) {
	long := make([]Command, 100)
	for i := range long {
		long[i] = Command{PID: int32(100 + i)}
	}
	for _, tc := range []struct {
		name   string
		change func(a *Alert)
		want   string
		lines  int
	}{
		{"no process", func(a *Alert) { a.Process = nil }, "", 0},
		{"no lineage", func(a *Alert) { a.Hooksnare = nil }, "... (earlier ancestors were not seen)\n`- sudo (69)  /usr/bin/sudo\n   `- defaults (70) root (0)  defaults write", 3},
		{"no parent either", func(a *Alert) { a.Hooksnare, a.Process.Parent = nil, nil }, "...", 2},
		{"launchd itself", func(a *Alert) { a.Hooksnare, a.Process = nil, &Process{PID: 1} }, "? (1)\n", 1},
		{"nothing known", func(a *Alert) { a.Hooksnare, a.Process = nil, &Process{} }, "`- ? (0)\n", 2},
		{"hostile", func(a *Alert) { a.Hooksnare, a.Process = nil, &Process{PID: 1, Executable: "/a/\x1b[2J\nb"} }, `\x1b[2J\nb (1)  /a/\x1b[2J\nb`, 1},
		{"too many", func(a *Alert) { a.Hooksnare.Evidence.Lineage = long }, "? (100)", maxTree + 1},
	} {
		a := sample()
		tc.change(a)
		got := a.Tree(true)
		if !strings.Contains(got, tc.want) || strings.Count(got, "\n") != tc.lines {
			t.Errorf("%s: got\n%s\nwant %d lines with %q in them", tc.name, got, tc.lines, tc.want)
		}
	}
}

// FuzzTree puts any texts into an alert: the tree is bounded, and nothing in it acts.
func FuzzTree(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[(i+3)%len(hostile)], uint64(1)<<i)
	}
	f.Fuzz(func(t *testing.T, a, b string, without uint64) {
		all := full(a, b)
		(&clearer{bits: without}).some(reflect.ValueOf(all).Elem())
		for _, plain := range []bool{false, true} {
			got := all.Tree(plain)
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
				t.Errorf("the tree has characters that act: %q", got)
			}
			if n := strings.Count(got, "\n"); n > maxTree+1 {
				t.Errorf("got %d lines, want at most %d", n, maxTree+1)
			}
		}
	})
}
