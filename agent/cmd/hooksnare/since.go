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
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	age, err := parseAge(text)
	if err != nil {
		return time.Time{}, errSince
	}
	return now.Add(-age), nil
}

// maxDays bounds an age, which is counted in nanoseconds.
const maxDays = 100 * 365

var weeksAndDays = regexp.MustCompile(`^(?:(\d{1,5})w)?(?:(\d{1,5})d)?(.*)$`)

// parseAge is time.ParseDuration with weeks and days, as in 1w2d12h.
func parseAge(text string) (time.Duration, error) {
	m := weeksAndDays.FindStringSubmatch(text)
	if m == nil || text == "" {
		return 0, errSince
	}
	weeks, _ := strconv.Atoi(m[1]) // digits, or nothing
	days, _ := strconv.Atoi(m[2])
	if days += 7 * weeks; days > maxDays {
		return 0, errSince
	}
	d := time.Duration(days) * 24 * time.Hour
	if m[3] == "" {
		return d, nil
	}
	rest, err := time.ParseDuration(m[3])
	if err == nil && rest < 0 {
		err = errSince
	}
	return d + rest, err
}
