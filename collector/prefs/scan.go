package prefs

import (
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
}

// Scan looks once at the disk below root, with homes outside /Users besides those in it,
// and returns what is set and what could not be read as it should, each by path. It takes
// as long as the slowest home, two seconds at most.
func Scan(root string, homes []string) ([]Setting, []event.Unreadable, error) {
	var r record
	c, err := New(Options{Root: root, Homes: homes, Timing: Timing{Settle: 100 * time.Millisecond}}, &r)
	if err != nil {
		return nil, nil, err
	}
	r.scan(c)
	return r.settings, r.unreadable, nil
}

// record keeps what a scan finds.
type record struct {
	settings   []Setting
	unreadable []event.Unreadable
}

// scan runs c until everything was looked at and nothing is about to settle.
func (r *record) scan(c *Collector) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.atOnce = true
	c.run(ctx, func() bool { return c.begun && c.backlog.empty() && !c.settling() })
	slices.SortFunc(r.settings, func(a, b Setting) int {
		if n := strings.Compare(a.File, b.File); n != 0 {
			return n
		}
		return strings.Compare(a.Key, b.Key)
	})
	slices.SortFunc(r.unreadable, func(a, b event.Unreadable) int { return strings.Compare(a.Path, b.Path) })
}

// HandleChange keeps a value; on a first look there is nothing but values found.
func (r *record) HandleChange(c event.Change) error {
	if c.New != nil {
		r.settings = append(r.settings, Setting{c.File, c.Scope, c.Key, *c.New, c.Found})
	}
	return nil
}

// HandleUnreadable keeps what can't be read.
func (r *record) HandleUnreadable(u event.Unreadable) {
	if u.On {
		r.unreadable = append(r.unreadable, u)
	}
}

// HandleState has nothing to keep.
func (r *record) HandleState(State) error { return nil }
