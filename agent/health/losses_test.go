package health_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/health"
)

func TestCounters(t *testing.T) {
	word := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for i, row := range health.Counters() {
		if !word.MatchString(row.Word) || seen[row.Word] {
			t.Errorf("row %d: the word %q is not a name of its own", i+1, row.Word)
		}
		seen[row.Word] = true
		if n := len(row.Meaning); n < 20 || n > 160 || strings.ContainsAny(row.Meaning, "\n.") {
			t.Errorf("%s: the meaning has %d bytes; expected 20 to 160 that follow a number: %q", row.Word, n, row.Meaning)
		}
		if got, ok := health.FindCounter(row.Word); !ok || got != row || health.Counter(i+1).Row() != row {
			t.Errorf("FindCounter(%q) = %+v, %t; counter %d is %+v", row.Word, got, ok, i+1, health.Counter(i+1).Row())
		}
	}
	if got, ok := health.FindCounter("nothing"); ok {
		t.Errorf("FindCounter(nothing) = %+v; expected none", got)
	}
	if got := health.Counter(0).Row().Word + health.Counter(255).Row().Word; got != "unknownunknown" {
		t.Errorf("counters that are none are %q", got)
	}
}

func TestAddLosses(t *testing.T) {
	sum := map[string]uint64{}
	health.Add(sum, []health.Loss{{Counter: health.LinesTooLong, Count: 0}, {Counter: health.CausesForgotten, Count: 2}})
	health.Add(sum, []health.Loss{{Counter: health.CausesForgotten, Count: 3}, {Counter: health.EventsMissing, Count: ^uint64(0)}, {Counter: health.EventsMissing, Count: 1}})
	if got := fmt.Sprint(sum); got != "map[causes_forgotten:5 events_missing:18446744073709551615]" {
		t.Errorf("got %s", got)
	}
}

// TestTracker drives one counter. Each look is MINUTES:COUNT; what is expected is "begin" or
// "end" with the minute.
func TestTracker(t *testing.T) {
	for _, x := range []struct {
		counter     health.Counter
		looks, want string
	}{
		{health.CausesForgotten, "0:0 1:0 9:0", ""},
		{health.CausesForgotten, "0:0 1:1 2:1 5:1 6:1 20:1", "begin 1, end 6"},
		{health.CausesForgotten, "0:7 5:7", "begin 0, end 5"},
		{health.CausesForgotten, "0:1 4:2 8:3 12:4 16:4 17:4", "begin 0, end 17"},
		{health.CausesForgotten, "0:1 5:1 5:2 10:2", "begin 0, end 5, begin 5, end 10"},
		{health.CausesForgotten, "0:9 5:2 6:2 7:3 12:3", "begin 0, end 5, begin 7, end 12"}, // a part that began again
		{health.CausesForgotten, "10:1 3:1 7:1 8:1", "begin 10, end 8"},                     // the clock was set back
		{health.ProgramsUnread, "0:0 1:2 9:2 10:0 13:0 14:0", "begin 1, end 14"},
		{health.ProgramsUnread, "0:1 1:0 2:1 3:0 4:1 5:0 9:0 10:0", "begin 0, end 9"}, // flaps
		{health.LinesTooLong, "0:1 1:100", ""},
	} {
		var tracker health.Tracker
		var got []string
		for _, look := range strings.Fields(x.looks) {
			var minute, count int
			if _, err := fmt.Sscanf(look, "%d:%d", &minute, &count); err != nil {
				t.Fatal(look, err)
			}
			now := time.Unix(0, 0).Add(time.Duration(minute) * time.Minute)
			for _, c := range tracker.Look([]health.Loss{{Counter: x.counter, Count: uint64(count)}}, now) {
				if want := health.EventsForgotten.Of(x.counter.Row().Word); c.Condition != want || !strings.Contains(c.Detail, x.counter.Row().Meaning) {
					t.Errorf("%s: got condition %v, detail %q", x.looks, c.Condition, c.Detail)
				}
				if c.Until.IsZero() {
					got = append(got, fmt.Sprint("begin ", minute))
				} else {
					got = append(got, fmt.Sprint("end ", minute))
				}
			}
		}
		if got := strings.Join(got, ", "); got != x.want {
			t.Errorf("%s %s: got %q, want %q", x.counter.Row().Word, x.looks, got, x.want)
		}
	}
}

// TestTrackerBounded lets every counter rise and flap for an hour, looked at every two seconds.
func TestTrackerBounded(t *testing.T) {
	var tracker health.Tracker
	start := time.Unix(0, 0)
	begun := map[health.Condition][]time.Time{}
	matters := 0
	for _, row := range health.Counters() {
		if row.Matters {
			matters++
		}
	}
	for at := time.Duration(0); at < time.Hour; at += 2 * time.Second {
		var list []health.Loss
		for i := range health.Counters() {
			list = append(list, health.Loss{Counter: health.Counter(i + 1), Count: uint64(at/(301*time.Second)) * uint64(i+1)})
		}
		for _, c := range tracker.Look(list, start.Add(at)) {
			if c.Until.IsZero() {
				begun[c.Condition] = append(begun[c.Condition], c.Since)
			} else if last := begun[c.Condition]; !c.Since.Equal(last[len(last)-1]) {
				t.Errorf("%v ends with since %v, began at %v", c.Condition, c.Since, last)
			}
		}
	}
	for c, list := range begun {
		for i, at := range list[1:] {
			if d := at.Sub(list[i]); d < health.LossQuiet {
				t.Errorf("%v: began again after %v; expected %v at least", c, d, health.LossQuiet)
			}
		}
	}
	if len(begun) != matters {
		t.Errorf("%d conditions began; expected the %d that matter", len(begun), matters)
	}
}
