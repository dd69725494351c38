package prefs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// Setting is the value of one key in one file.
type Setting struct {
	File  string // as a Mac knows it, without links
	Scope string
	Key   string
	Value string
	Found event.Found
	// Uncertain says that the value only seems to be there.
	Uncertain bool
}

// Scan scans the disk below root once, with homes outside /Users besides those in it,
// and returns what is set and what could not be read as it should, each by path. It takes
// as long as the slowest home, two seconds at most.
func Scan(root string, homes []string) ([]Setting, []event.Unreadable, error) {
	var r recorder
	c, err := New(Options{Root: root, Homes: homes}, &r)
	if err != nil {
		return nil, nil, err
	}
	c.once, c.settle = true, 100*time.Millisecond
	c.run(context.Background())
	slices.SortFunc(r.settings, func(a, b Setting) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Key, b.Key))
	})
	slices.SortFunc(r.unreadable, func(a, b event.Unreadable) int { return strings.Compare(a.Path, b.Path) })
	return r.settings, r.unreadable, nil
}

// recorder is the handler of a single scan.
type recorder struct {
	settings   []Setting
	unreadable []event.Unreadable
}

// HandleChange keeps a value; on a first scan there is nothing but values found.
func (r *recorder) HandleChange(c event.Change) error {
	if c.New != nil {
		r.settings = append(r.settings, Setting{c.File, c.Scope, c.Key, *c.New, c.Found, c.Uncertain})
	}
	return nil
}

// HandleUnreadable keeps what can't be read.
func (r *recorder) HandleUnreadable(u event.Unreadable) {
	if u.On {
		r.unreadable = append(r.unreadable, u)
	}
}

// HandleState has nothing to keep.
func (r *recorder) HandleState(State) error { return nil }
