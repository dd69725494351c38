package baseline

import (
	"strings"
	"testing"
	"time"
)

func TestAgo(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"now":         0,
		"now-9m":      9 * time.Minute,
		"now-90s":     90 * time.Second,
		"now-14d":     14 * day,
		"now-2w":      14 * day,
		"now-24h":     day,
		"now-24H":     day,
		"now-1d-12h":  36 * time.Hour,
		"now-0m":      0,
		"now-0520w":   3640 * day,
		"now-119m-1s": 2*time.Hour - 59*time.Second,
	} {
		if got, err := Ago(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                 "want now-",
		"9m":               "want now-",
		"2024-01-01":       "want now-",
		"Now-9m":           "want now-",
		"now+9m":           "only lengths before now",
		"now-1d+1h":        "only lengths before now",
		"now/d":            "only lengths before now",
		"now-14d/d":        "only lengths before now",
		"now 9m":           "only lengths before now",
		"now-":             "one of the units",
		"now--9m":          "one of the units",
		"now-9":            "one of the units",
		"now-9x":           "one of the units",
		"now-9ms":          "one of the units",
		"now-9m ":          "one of the units",
		"now-9é":           "one of the units",
		"now-m":            "want a whole number",
		"now-1.5h":         "want a whole number",
		"now-0x1h":         "want a whole number",
		"now-99999999999d": "want a whole number",
		"now-5M":           "no fixed length",
		"now-1y":           "no fixed length",
		"now-4000000000w":  "longer than ten years",
		"now-4000d":        "longer than ten years",
		"now-3000d-1000d":  "longer than ten years",
	} {
		if got, err := Ago(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want an error with %q", text, got, err, want)
		}
	}
}

func TestInterval(t *testing.T) {
	for text, want := range map[string]time.Duration{"5m": 5 * time.Minute, "30s": 30 * time.Second, "1w": 168 * time.Hour} {
		if got, err := Interval(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "m", "-5m", "+5m", "5 m", "5mm", "5_0m", "1M"} {
		if got, err := Interval(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func FuzzAgo(f *testing.F) {
	for _, text := range []string{"now", "now-9m", "now-1d-12h", "now-14d/d", "now-5M", "now-9", "now-é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := Ago(text); got < 0 || got > maxWindow || err != nil && got != 0 {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	})
}
