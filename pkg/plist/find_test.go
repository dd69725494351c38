package plist

import (
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

var hookKeys = []string{"LoginHook", "LogoutHook", "EnableMCXLoginScripts", "MCXScriptTrust"}

// compareFound fails where Find is silent about a key that CoreFoundation sees, or sure of another
// value. It reports whether there was a key to see.
func compareFound(t *testing.T, b []byte) (sees bool) {
	t.Helper()
	got, err := Find(b, hookKeys...)
	model := modelView(b)
	for _, key := range hookKeys {
		want, seen := model[key]
		if !seen {
			continue
		}
		sees = true
		if err != nil {
			continue // which is loud
		}
		v, found := got.Values[key]
		if !found {
			t.Errorf("Find(%q) = %v, uncertain %v: CoreFoundation sees %s = %q", b, got.Values, got.Uncertain, key, want)
		} else if s, isText := v.(string); isText && s != want && want != "?" && !got.Uncertain {
			t.Errorf("Find(%q): %s = %q, certain: CoreFoundation sees %q", b, key, s, want)
		}
	}
	return sees
}

// TestNeverSilent compares Find with the model of CoreFoundation over random documents, within the
// memory that it promises.
func TestNeverSilent(t *testing.T) {
	const maxHeap = 64 << 20
	count := 20_000
	if os.Getenv("TEST_SLOW") != "" {
		count = 1_000_000
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(maxHeap))
	seed := rand.Uint64()
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	seen, readable := 0, 0
	for i := range count {
		b := g.document()
		if compareFound(t, b) {
			seen++
			if _, err := Find(b, hookKeys...); err == nil {
				readable++
			}
		}
		if t.Failed() {
			t.Fatalf("document %d of seed %d", i, seed)
		}
		if i%1000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if held := m.HeapSys - m.HeapReleased; held > maxHeap {
				t.Fatalf("%d MiB of heap after %d documents, more than %d MiB", held>>20, i, maxHeap>>20)
			}
		}
	}
	t.Logf("seed %d: of %d documents CoreFoundation sees a key in %d, of which Find reads %d", seed, count, seen, readable)
	if seen < count/10 || readable < seen/2 {
		t.Errorf("of %d documents CoreFoundation sees a key in %d, of which Find reads %d: too few to say anything", count, seen, readable)
	}
}
