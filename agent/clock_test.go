package agent

import (
	"testing"
	"time"
)

func TestSetBack(t *testing.T) {
	const s = time.Second
	for _, c := range []struct{ passed, shown, want time.Duration }{
		{2 * s, 2 * s, 0}, {2 * s, s, 0}, {2 * s, 0, 0}, {2 * s, time.Hour, 0},
		{2 * s, -s, 3 * s}, {2 * s, -time.Hour, time.Hour + 2*s}, {0, -3 * s, 3 * s},
	} {
		if got := setBack(c.passed, c.shown); got != c.want {
			t.Errorf("setBack(%v, %v) = %v, want %v", c.passed, c.shown, got, c.want)
		}
	}
}
