package plist

import (
	"testing"
	"time"
)

// measure counts values and depth and checks the types.
func measure(t *testing.T, v any, depth int) (values, deepest int) {
	t.Helper()
	values, deepest = 1, depth
	add := func(v any) {
		n, d := measure(t, v, depth+1)
		values += n
		deepest = max(deepest, d)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			values++
			add(e)
		}
	case []any:
		for _, e := range v {
			add(e)
		}
	case int64:
		if v >= 0 {
			t.Errorf("int64 %d: want uint64 for what is not negative", v)
		}
	case time.Time:
		if y := v.Year(); y < 0 || y > 9999 || v.Location() != time.UTC {
			t.Errorf("time %v: want a year of 0 to 9999 in UTC", v)
		}
	case string, []byte, bool, uint64, float64:
	default:
		t.Errorf("value of type %T", v)
	}
	return values, deepest
}
