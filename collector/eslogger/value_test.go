package eslogger

import (
	"testing"
	"time"
)

// TestParseTime compares every day from year 1 to 9999, and odd texts, with time.Parse.
func TestParseTime(t *testing.T) {
	for day := time.Date(1, 1, 1, 23, 59, 58, 123456789, time.UTC); day.Year() < 10000; day = day.AddDate(0, 0, 1) {
		text := day.Format(time.RFC3339Nano)
		if got, ok := parseTime([]byte(text)); !ok || !got.Equal(day) {
			t.Fatalf("%s: got %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "2026-11-23", "2026-11-23T10:00:00", "2026-13-01T10:00:00Z", "2026-02-30T10:00:00Z", "2026-11-23T24:00:00Z",
		"2026-11-23T10:00:00.Z", "2026-11-23T10:00:00.1234567890Z", "2026-11-2xT10:00:00Z", "0000-01-01T00:00:00Z", "2026-11-23T10:00:60Z"} {
		want, err := time.Parse(time.RFC3339Nano, text)
		if got, ok := parseTime([]byte(text)); ok != (err == nil) || ok && !got.Equal(want) {
			t.Errorf("%q: got %v, %v; want %v, %v", text, got, ok, want, err)
		}
	}
}
