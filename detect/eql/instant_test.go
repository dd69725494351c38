package eql

import (
	"math"
	"testing"
)

func TestInstant(t *testing.T) {
	const day = int64(86400e9)
	for _, c := range []struct {
		v    Value
		want int64
		ok   bool
	}{
		{String("1970-01-02T00:00:00Z"), day, true},
		{String("1970-01-02T01:00:00.5+01:00"), day + 5e8, true},
		{String("1970-01-02T00:00:00.000000001"), day + 1, true},
		{String("1970-01-02 00:00:00Z"), day, true},
		{String("1970-01-02 00:00:00"), day, true},
		{String("1970-01-02"), day, true},
		{String("86400000"), day, true},
		{Strings([]string{"1970-01-02", "x"}), day, true},
		{Int(86400000), day, true},
		{Int(-1), -1e6, true},
		{Float(0.5), 5e5, true},
		{Int(1700000000000), 1700000000e9, true},
		{Int(1700000000000000), 1700000000e9, true},
		{Int(1700000000000000000), 1700000000e9, true},
		{Float(1.7e18), 1.7e18, true},
		{Int(116444736000000000 + 864e9), day, true},
		{Int(math.MinInt64), math.MinInt64, true},
		{Int(50_000_000_000_000_000), 0, false},
		{Float(math.Inf(1)), 0, false},
		{String("9999-01-01"), 0, false},
		{String("yesterday"), 0, false},
		{String(""), 0, false},
		{Bool(true), 0, false},
		{Null(), 0, false},
	} {
		got, ok := Instant(c.v)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%v: got %d (%v), want %d (%v)", c.v, got, ok, c.want, c.ok)
		}
	}
}

// TestRunSorts checks that Run puts records into the order of time and tiebreaker.
func TestRunSorts(t *testing.T) {
	options := letterOptions
	options.Tiebreaker = func(r record) Value { return r["k"] }
	results, err := Run(sequenceQuery(t, `[a][b]`), letters(t, "b2/2 a2/1 b1/x a3 b3/9 a3/8"), nil, anyField, options)
	if got, want := writtenResults(results), "a2 b2; a3 b3"; err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
	q, err := Parse(`any where true | tail 3`, nil)
	if err != nil {
		t.Fatal(err)
	}
	results, err = Run(q, letters(t, "c9 a2/2 b2/1 d0"), nil, anyField, options)
	if got, want := writtenResults(results), "b2; a2; c9"; err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}
