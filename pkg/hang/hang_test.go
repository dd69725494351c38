package hang

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const limit = 4 * time.Second

// TestDo lets calls end in time, and hang.
func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []bool
		g := &Guard{Limit: limit, Changed: func(hangs bool, _ string) { told = append(told, hangs) }}
		no := errors.New("no")
		if err := g.Do("ends", func() error { return no }, nil); err != no {
			t.Errorf("a call that ends: got %v, want %v", err, no)
		}
		release, undone := make(chan struct{}), false
		begin := time.Now()
		err := g.Do("sync x", func() error { <-release; return nil }, func() { undone = true })
		if took := time.Since(begin); !errors.Is(err, ErrHangs) || took != limit {
			t.Errorf("a call that hangs: got %v after %v, want %v after %v", err, took, ErrHangs, limit)
		}
		if what, hangs := g.Hangs(); !hangs || what != "sync x" {
			t.Errorf("Hangs: got %q, %v; want sync x, true", what, hangs)
		}
		begin = time.Now()
		err = g.Do("other", func() error { t.Error("was begun while another call hangs"); return nil }, nil)
		if took := time.Since(begin); !errors.Is(err, ErrHangs) || took != 0 {
			t.Errorf("the next call: got %v after %v, want %v at once", err, took, ErrHangs)
		}
		close(release)
		synctest.Wait()
		if _, hangs := g.Hangs(); hangs || !undone {
			t.Errorf("after the call has ended: hangs %v, taken back %v; want false, true", hangs, undone)
		}
		if err := g.Do("again", func() error { return nil }, nil); err != nil {
			t.Errorf("after the call has ended: got %v, want nil", err)
		}
		if want := []bool{true, false}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

// TestUndo takes nothing back of a call that failed in the end, and begins no other call
// before it has taken back.
func TestUndo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Guard{Limit: limit}
		no := errors.New("no")
		_ = g.Do("fails", func() error { time.Sleep(2 * limit); return no }, func() { t.Error("took back what failed") })
		time.Sleep(2 * limit)
		_ = g.Do("ends late", func() error { time.Sleep(2 * limit); return nil }, func() { time.Sleep(limit) })
		time.Sleep(limit + limit/2) // it has ended, and is being taken back
		if err := g.Do("early", func() error { return nil }, nil); !errors.Is(err, ErrHangs) {
			t.Errorf("while a call is taken back: got %v, want %v", err, ErrHangs)
		}
		time.Sleep(limit)
		if err := g.Do("then", func() error { return nil }, nil); err != nil {
			t.Errorf("after a call was taken back: got %v, want nil", err)
		}
	})
}

// TestHurry shortens what calls may take, also those under way.
func TestHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const short = time.Second / 2
		g := &Guard{Limit: limit}
		begin := time.Now()
		var took atomic.Int64
		go func() {
			_ = g.Do("under way", func() error { time.Sleep(10 * limit); return nil }, nil)
			took.Store(int64(time.Since(begin)))
		}()
		time.Sleep(time.Second)
		g.Hurry(short)
		time.Sleep(limit)
		if got, want := time.Duration(took.Load()), time.Second+short; got != want {
			t.Errorf("the call under way took %v, want %v", got, want)
		}
		time.Sleep(20 * limit)
		begin = time.Now()
		_ = g.Do("later", func() error { time.Sleep(10 * limit); return nil }, nil)
		if got := time.Since(begin); got != short {
			t.Errorf("a later call took %v, want %v", got, short)
		}
		time.Sleep(20 * limit)
	})
}

// TestMany has many calls hang at once and end in any order.
func TestMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changes atomic.Int32
		g := &Guard{Limit: limit, Changed: func(bool, string) { changes.Add(1) }}
		for n := range 30 {
			go func() {
				_ = g.Do("many", func() error { time.Sleep(limit + time.Duration(1+n*7%30)*time.Second); return nil }, nil)
			}()
		}
		time.Sleep(limit + time.Second/2)
		if _, hangs := g.Hangs(); !hangs {
			t.Error("30 calls are over the limit: got that none hangs")
		}
		time.Sleep(time.Minute)
		if what, hangs := g.Hangs(); hangs {
			t.Errorf("all calls have ended: got that %s hangs", what)
		}
		if got := changes.Load(); got != 2 {
			t.Errorf("told of %d changes, want 2", got)
		}
	})
}

func BenchmarkDo(b *testing.B) {
	g := &Guard{Limit: limit}
	b.ReportAllocs()
	for b.Loop() {
		_ = g.Do("nothing", func() error { return nil }, nil)
	}
}

// TestCallsInRows has many callers at once run short calls in rows: each runs once, and each caller
// gets the error of its own.
func TestCallsInRows(t *testing.T) {
	g := &Guard{Limit: time.Minute}
	const callers, rows = 16, 2000
	var ran atomic.Int64
	var wg sync.WaitGroup
	for n := range callers {
		wg.Go(func() {
			for i := range rows {
				want := fmt.Errorf("%d of %d", i, n)
				if got := g.Do("call", func() error { ran.Add(1); return want }, nil); got != want {
					t.Errorf("caller %d: got %v, want %v", n, got, want)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := ran.Load(); got != callers*rows {
		t.Errorf("got %d calls run, want %d", got, callers*rows)
	}
	if what, hangs := g.Hangs(); hangs {
		t.Errorf("%s hangs", what)
	}
}

// TestRowsBesideLong has short calls go on beside one that takes long but not too long: they
// do not wait for it.
func TestRowsBesideLong(t *testing.T) {
	g := &Guard{Limit: time.Minute}
	release := make(chan struct{})
	long := make(chan error, 1)
	go func() { long <- g.Do("long", func() error { <-release; return nil }, nil) }()
	for range 5000 {
		if err := g.Do("short", func() error { return nil }, nil); err != nil {
			t.Fatalf("short: got %v, want nil", err)
		}
	}
	close(release)
	if err := <-long; err != nil {
		t.Errorf("long: got %v, want nil", err)
	}
}
