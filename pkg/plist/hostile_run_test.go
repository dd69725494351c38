package plist

import (
	"errors"
	"runtime"
	"testing"
)

// maxDecode is what one call may allocate in all, garbage included: what it holds at
// once is less.
const maxDecode = 64 << 20

// TestHostile decodes what kills an unguarded decoder. That it comes to its end is
// the test; the memory it took is measured.
func TestHostile(t *testing.T) {
	run := func(name string, b []byte, decode func([]byte) (any, error)) {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			v, err := decode(b)
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > maxDecode {
				t.Errorf("%d bytes took %d MiB, more than %d MiB (error %v)", len(b), took>>20, maxDecode>>20, err)
			} else {
				t.Logf("%d bytes took %d KiB: %v", len(b), took>>10, err)
			}
			checkResult(t, v, err)
		})
	}
	find := func(b []byte) (any, error) {
		if _, err := Find(b, hookKeys...); err != nil {
			return nil, err
		}
		return true, nil
	}
	for name, b := range hostileFiles() {
		run("preferences: "+name, b, find)
		run("file: "+name, b, Decode)
		if len(b) <= 64<<10 {
			run("file as text: "+name, b, DecodeText)
		}
	}
	for name, b := range hostileTexts() {
		run("text as preferences: "+name, b, find)
		run("text: "+name, b, DecodeText)
		run("text as file: "+name, b, Decode)
	}
}

// checkResult checks what holds for every result: a bounded value of the documented
// types, or an *Error of a known kind.
func checkResult(t *testing.T, v any, err error) {
	t.Helper()
	if err == nil {
		n, deepest := measure(t, v, 0)
		if n > maxValues || deepest > maxDepth {
			t.Errorf("result has %d values, %d deep; want at most %d, %d", n, deepest, maxValues, maxDepth)
		}
		return
	}
	var e *Error
	if !errors.As(err, &e) || v != nil {
		t.Fatalf("got %v, %T %v; want nil and an *Error", v, err, err)
	}
	switch e.Kind {
	case ErrFormat, ErrMalformed, ErrTooLarge, ErrTooDeep, ErrTrailing:
	default:
		t.Errorf("error of kind %v: want a known one", e.Kind)
	}
	if len(err.Error()) > 1000 {
		t.Errorf("error text of %d bytes: %.100s...", len(err.Error()), err)
	}
}
