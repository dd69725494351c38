package baseline

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// units are those of Elasticsearch's date math that have a fixed length.
var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'H': time.Hour,
	'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// Ago reads how long before now a rule looks back, as in now-9m or now-1d-12h: the
// part of Elasticsearch's date math that is a fixed length. Months, years, dates and
// rounding are refused, and so is what lies in the future.
func Ago(text string) (time.Duration, error) {
	rest, ok := strings.CutPrefix(text, "now")
	if !ok {
		return 0, fmt.Errorf("%.40q: want now-, a number and a unit, as in now-9m", text)
	}
	var total time.Duration
	for rest != "" {
		if rest[0] != '-' {
			return 0, fmt.Errorf("%.40q: only lengths before now are supported, as in now-9m", text)
		}
		n := 1
		for n < len(rest) && rest[n] != '-' && rest[n] != '+' && rest[n] != '/' {
			n++
		}
		d, err := Interval(rest[1:n])
		if err != nil {
			return 0, fmt.Errorf("%.40q: %w", text, err)
		}
		if total += d; total > maxWindow {
			return 0, fmt.Errorf("%.40q: longer than ten years", text)
		}
		rest = rest[n:]
	}
	return total, nil
}

// Interval reads a length: a number and a unit, as in 5m. The units are s, m, h (or H),
// d and w.
func Interval(text string) (time.Duration, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := text[len(digits):]
	if unit == "y" || unit == "M" {
		return 0, fmt.Errorf("%.40q: months and years have no fixed length: write days", text)
	}
	if len(unit) != 1 || units[unit[0]] == 0 {
		return 0, fmt.Errorf("%.40q: want a number and one of the units s, m, h, d and w", text)
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%.40q: want a whole number before the unit", text)
	}
	d := units[unit[0]]
	if n > uint64(maxWindow/d) {
		return 0, fmt.Errorf("%.40q: longer than ten years", text)
	}
	return time.Duration(n) * d, nil
}
