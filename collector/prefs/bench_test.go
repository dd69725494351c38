package prefs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// populate makes homes of preference files each, as a Mac's users have them.
func populate(b *testing.B, homes, files int) *fakeDisk {
	d := newDisk(b)
	for h := range homes {
		home := fmt.Sprintf("/Users/user%02d", h)
		d.put(hookOf(home), xml("Other", "x"))
		d.put(home+"/Library/Preferences/.GlobalPreferences.plist", xml("AppleLocale", "en"))
		d.put(home+"/Library/Preferences/ByHost/com.apple.loginwindow.01234567-89AB-CDEF-0123-456789ABCDEF.plist", xml("TALAppsToRelaunchAtLogin", "<array/>"))
		for i := range files {
			d.must(os.WriteFile(d.at(fmt.Sprintf("%s/Library/Preferences/com.example.app%03d.plist", home, i)), nil, 0o600))
		}
	}
	d.put(rootPlist, xml("Other", "x"))
	d.put(libPlist, xml("Other", "x"))
	return d
}

// BenchmarkSweep is one idle sweep: 20 homes of 500 preference files each.
func BenchmarkSweep(b *testing.B) {
	for _, homes := range []int{1, 20, 1000, -20} { // negative: of another system's disk
		b.Run(fmt.Sprintf("homes=%d", homes), func(b *testing.B) {
			folds := homes < 0
			homes := max(homes, -homes)
			files := 500
			if homes > 20 {
				files = 0
			}
			d := populate(b, homes, files)
			c, err := New(Options{Root: d.root}, newTale(b))
			d.must(err)
			c.granule, c.disk.folds = 1, folds
			sweep := func() {
				now := time.Now()
				for _, p := range c.locations {
					p.notBefore = time.Time{} // on a busy machine a scan may seem slow
					c.requestScan(p, now)
				}
				for len(c.running) > 0 {
					c.startScans(time.Now())
					c.endScan(<-c.done, now)
				}
			}
			for range 3 { // all is read, and settles
				sweep()
			}
			reads := c.counts.Reads
			b.ReportAllocs()
			for b.Loop() {
				sweep()
			}
			if c.counts.Reads != reads {
				b.Errorf("%d reads while nothing changed", c.counts.Reads-reads)
			}
		})
	}
}

// instant takes the time at which a change is told.
type instant struct {
	recorder
	at chan time.Time
}

func (i *instant) HandleChange(event.Change) error {
	i.at <- time.Now()
	return nil
}

// BenchmarkLatency is the time from the rename of a file to HandleChange: in a folder of
// root's, in a user's without and with a process that was seen to run.
func BenchmarkLatency(b *testing.B) {
	for _, bb := range []struct {
		name, file string
		wake       bool
	}{{"root", rootPlist, false}, {"user", annPlist, false}, {"user-woken", annPlist, true}} {
		b.Run(bb.name, func(b *testing.B) {
			d := populate(b, 20, 500)
			h := &instant{at: make(chan time.Time, 16)}
			c, err := New(Options{Root: d.root, Sweep: 2 * time.Second}, h)
			d.must(err)
			ctx, cancel := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			wg.Go(func() { c.Run(ctx) })
			defer wg.Wait()
			defer cancel()
			for c.Stats().Watched < 5 || c.Stats().Scans < 26 {
				time.Sleep(time.Millisecond)
			}
			var all time.Duration
			n := 0
			for b.Loop() {
				tmp := d.at(bb.file) + ".tmp"
				d.must(os.WriteFile(tmp, []byte(xml("LoginHook", fmt.Sprint(n))), 0o644))
				began := time.Now()
				d.must(os.Rename(tmp, d.at(bb.file)))
				if bb.wake {
					c.Wake()
				}
				all += (<-h.at).Sub(began)
				n++
				time.Sleep(time.Duration(n%7) * 10 * time.Millisecond) // not in step with the sweep
			}
			b.ReportMetric(float64(all.Microseconds())/float64(n)/1000, "ms/change")
		})
	}
}

// BenchmarkScan is one look at everything, from nothing.
func BenchmarkScan(b *testing.B) {
	d := populate(b, 20, 500)
	for b.Loop() {
		if _, _, err := Scan(d.root, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLstat is what a sweep can't do without, for comparison: of one file.
func BenchmarkLstat(b *testing.B) {
	d := newDisk(b)
	name := d.at(filepath.Dir(annPlist))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := safefile.Lstat(name); err != nil {
			b.Fatal(err)
		}
	}
}
