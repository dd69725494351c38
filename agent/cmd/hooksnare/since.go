package main

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

var errSince = errors.New("expected a time as 2026-03-04, 2026-03-04 15:04 or 2026-03-04T15:04:05Z, or an age as 90m, 12h, 7d or 2w")

// sinceTime returns the time that a text names, or the time that an age ago was.
func sinceTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02 15:04:05Z07:00",
		time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05",
	} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	age, err := parseAge(text)
	return now.Add(-age), err
}

// maxDays bounds an age, which is counted in nanoseconds.
const maxDays = 100 * 365

var agePattern = regexp.MustCompile(`^(?:(\d{1,5})w)?(?:(\d{1,5})d)?([^-]*)$`)

// parseAge is time.ParseDuration with weeks and days, as in 1w2d12h, and without negative ones.
func parseAge(text string) (time.Duration, error) {
	m := agePattern.FindStringSubmatch(text)
	if m == nil || text == "" {
		return 0, errSince
	}
	weeks, _ := strconv.Atoi(m[1]) // digits, or nothing
	days, _ := strconv.Atoi(m[2])
	days += 7 * weeks
	rest, err := time.Duration(0), error(nil)
	if m[3] != "" {
		rest, err = time.ParseDuration(m[3])
	}
	if err != nil || days > maxDays {
		return 0, errSince
	}
	return time.Duration(days)*24*time.Hour + rest, nil
}
