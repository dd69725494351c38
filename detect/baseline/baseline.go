// Package baseline is the memory of rules that judge an event by those before it: what
// was never seen before (Terms), and what happens too often (Threshold).
//
// It is bounded whatever it is fed: what does not fit pushes out what was used least
// recently, and that is counted. It is pure: the time comes with every call, so a
// recorded stream gives the answers that it gave live. It keeps digests of values, not
// the values, so neither memory nor a snapshot shows them.
//
// A snapshot is a versioned and checksummed sequence of bytes that the caller keeps.
// Restoring one that is damaged, cut or of another rule is an error and changes nothing.
//
// Nothing here is safe for concurrent use.
package baseline

import (
	"fmt"
	"time"
)

// Bounds that hold whatever the options say.
const (
	maxFields       = 16                        // values in one combination; published rules have up to 5
	maxCombinations = 100                       // of the lists of one event
	maxWindow       = 10 * 366 * 24 * time.Hour // far above any rule, and far from overflow
)

// checkWindow reports what is wrong with a window.
func checkWindow(w time.Duration) error {
	if w <= 0 || w > maxWindow {
		return fmt.Errorf("window: %v is not between 0 and ten years", w)
	}
	return nil
}

// nanos returns a time as nanoseconds since 1970. It keeps to a range in which sums and
// differences of two can't overflow, up to the year 2116.
func nanos(t time.Time) int64 {
	const last = 1 << 62
	switch s := t.Unix(); {
	case s < 0:
		return 0
	case s >= last/int64(time.Second):
		return last
	}
	return t.UnixNano()
}
