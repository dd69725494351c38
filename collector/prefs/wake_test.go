package prefs

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestWake holds when the looks are after something happened, once and again and again.
func TestWake(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name string
		at   []time.Duration
		want []time.Duration
	}{
		{"never", nil, nil},
		{"once", []time.Duration{0}, []time.Duration{250 * ms, 1000 * ms, 3000 * ms}},
		{"twice at once", []time.Duration{0, 0}, []time.Duration{250 * ms, 1000 * ms, 3000 * ms}},
		{"twice", []time.Duration{0, 100 * ms}, []time.Duration{250 * ms, 350 * ms, 1000 * ms, 1100 * ms, 3000 * ms, 3100 * ms}},
		{"later", []time.Duration{0, 500 * ms}, []time.Duration{250 * ms, 750 * ms, 1000 * ms, 1500 * ms, 3000 * ms, 3500 * ms}},
		{"three times", []time.Duration{0, 10 * ms, 240 * ms}, []time.Duration{250 * ms, 490 * ms, 1000 * ms, 1240 * ms, 3000 * ms, 3240 * ms}},
	}
	d := newDisk(t)
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			c := start(t, Options{Root: d.root, Sweep: 0}, newTale(t), nil)
			defer c.stop()
			time.Sleep(time.Minute)
			synctest.Wait()
			began, sweeps := time.Now(), c.Stats().Sweeps
			var got []time.Duration
			for at := time.Duration(0); at < 10*time.Second; at += 10 * ms {
				time.Sleep(time.Until(began.Add(at)))
				synctest.Wait()
				if n := c.Stats().Sweeps; n != sweeps {
					sweeps = n
					got = append(got, at)
				}
				for _, w := range tt.at {
					if w == at {
						c.Wake()
					}
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: woken at %v, looked at %v, want %v", tt.name, tt.at, got, tt.want)
			}
		})
	}
}

// TestWakeStorm bounds what a storm of wakes costs.
func TestWakeStorm(t *testing.T) {
	d := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root}, r, nil)
		defer c.stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		before := c.Stats()
		for i := range 10000 {
			c.Wake()
			if i == 5000 {
				d.swap(annPlist, xml("LoginHook", "/x"))
			}
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		r.want("in the storm", annPlist+` user LoginHook ->"/x" seen`)
		if n := c.Stats().Sweeps - before.Sweeps; n < 40 || n > 60 {
			t.Errorf("%d looks at everything in ten seconds of wakes, want about 54", n)
		}
	})
}

// TestSweepOff holds that nothing is looked at unless something happens.
func TestSweepOff(t *testing.T) {
	d := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		r := newTale(t)
		c := start(t, Options{Root: d.root}, r, nil)
		defer c.stop()
		pass()
		d.swap(rootPlist, xml("LoginHook", "/x"))
		time.Sleep(time.Hour)
		synctest.Wait()
		r.want("without a sweep")
		c.Wake()
		pass()
		r.want("woken", rootPlist+` root LoginHook ->"/x" seen`)
		// What needs a second look gets it.
		d.remove(rootPlist)
		c.Wake()
		time.Sleep(time.Second)
		synctest.Wait()
		r.want("woken for a removal", rootPlist+` root LoginHook "/x">- seen`)
	})
}

// TestIdle holds that files that do not change are read every few minutes only.
func TestIdle(t *testing.T) {
	d := newDisk(t)
	for i := range 20 {
		d.put(hookOf(fmt.Sprintf("/Users/u%d", i)), xml("LoginHook", "/x"))
	}
	synctest.Test(t, func(t *testing.T) {
		c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, newTale(t), nil)
		defer c.stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		before := c.Stats()
		time.Sleep(time.Hour)
		synctest.Wait()
		after := c.Stats()
		if got, want := after.Reads-before.Reads, uint64(20*time.Hour/fullReadTime); got != want {
			t.Errorf("got %d reads of 20 files in an idle hour, want %d", got, want)
		}
		if got := after.Sweeps - before.Sweeps; got != 1800 {
			t.Errorf("%d sweeps in an hour, want 1800", got)
		}
	})
}

// TestSweepPhase holds that sweeps fall on whole multiples of the interval by the clock, whenever
// the collector was started, so that other work of that interval wakes with them.
func TestSweepPhase(t *testing.T) {
	d := newDisk(t)
	for _, late := range []time.Duration{0, 700 * time.Millisecond, 1900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(late)
			c := start(t, Options{Root: d.root, Sweep: 2 * time.Second}, newTale(t), nil)
			defer c.stop()
			time.Sleep(10*time.Second - late)
			synctest.Wait()
			before := c.Stats().Sweeps
			for range 3 {
				time.Sleep(2*time.Second - time.Millisecond)
				synctest.Wait()
				if got := c.Stats().Sweeps; got != before {
					t.Errorf("started %v late: %d sweeps between multiples of two seconds", late, got-before)
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
				if before++; c.Stats().Sweeps != before {
					t.Errorf("started %v late: no sweep at a multiple of two seconds", late)
				}
			}
		})
	}
}
