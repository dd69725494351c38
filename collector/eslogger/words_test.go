package eslogger

import (
	"strings"
	"testing"
)

// TestWordsBound has more arguments in one array than a kernel can have given to a process.
func TestWordsBound(t *testing.T) {
	for _, n := range []int{1, maxWords, maxWords + 1} {
		d := Decoder{line: []byte("[" + strings.Repeat(`"",`, n-1) + `""]`)}
		list, _, next := d.strings(0, nil, nil)
		if fits := n <= maxWords; fits != (next >= 0) || len(list) > maxWords || fits && len(list) != n {
			t.Errorf("%d words: got %d, next %d; expected all or, over %d, a fault", n, len(list), next, maxWords)
		}
	}
}
