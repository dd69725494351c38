package config

import "strings"

// nearest returns the known name that the given one was most likely meant to be, ""
// when none is near.
func nearest(name string, known []string) string {
	const longest = 64 // no known name comes near it; keeps the work small
	if len(name) > longest {
		return ""
	}
	best, at := "", len(name)/4+2
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			step := diagonal
			if a[i] != b[j] {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// unknown words the error about a name that is not one of the known.
func unknown(what, name string, known []string) string {
	why := "unknown " + what + " " + quote(name)
	if near := nearest(name, known); near != "" {
		why += " (did you mean " + near + "?)"
	}
	return why
}
