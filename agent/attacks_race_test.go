//go:build race

package agent

// Under the race detector everything here takes twenty times as long.
const raceDetector = true
