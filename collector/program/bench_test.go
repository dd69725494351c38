package program

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const library = "/Library/Application Support/JAMF/ManagementFrameworkScripts/"

// BenchmarkExamine looks at a script of 4 KiB.
func BenchmarkExamine(b *testing.B) {
	root := newRoot(b)
	put(b, filepath.Join(root, library, "loginhook.sh"), hookScript+strings.Repeat("#\n", 2038), 0o755)
	b.ReportAllocs()
	for b.Loop() {
		if p := Examine(root, library+"loginhook.sh"); !p.Hashed {
			b.Fatalf("%+v", p)
		}
	}
}

// BenchmarkSweepIdle sweeps four programs of which none changed, on the machine's own disk
// and on another.
func BenchmarkSweepIdle(b *testing.B) {
	root := newRoot(b)
	values := []string{library + "loginhook.sh", library + "logouthook.sh", "/hooks/login.sh -x", "/usr/local/bin/hook"}
	var own []string
	for _, v := range values {
		put(b, filepath.Join(root, strings.TrimSuffix(v, " -x")), hookScript, 0o755)
		own = append(own, root+v)
	}
	for name, disk := range map[string][]string{"machine": own, "disk": values} {
		b.Run(name, func(b *testing.B) {
			w := newSweeper(map[string]string{"machine": "/", "disk": root}[name], State{})
			w.step = 0
			w.Sweep(disk, noon)
			b.ReportAllocs()
			for b.Loop() {
				if c := w.Sweep(disk, noon); c != nil {
					b.Fatal(listChanges(c))
				}
			}
		})
	}
}

// BenchmarkSweepUser sweeps the ninety programs of one user: nothing changed, or all do all
// the time. A sweep is every two seconds.
func BenchmarkSweepUser(b *testing.B) {
	root := newRoot(b)
	var values []string
	for i := range 90 {
		v := fmt.Sprint("/Users/mallory/bin/hook", i)
		put(b, filepath.Join(root, v), hookScript, 0o755)
		values = append(values, v)
	}
	for name, settle := range map[string]time.Duration{"idle": 0, "restless": time.Hour} {
		b.Run(name, func(b *testing.B) {
			w := newSweeper(root, State{})
			w.step = settle
			w.Sweep(values, noon)
			for b.Loop() {
				w.sweepValues(b.Context())
			}
		})
	}
}
