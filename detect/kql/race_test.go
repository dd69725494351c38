//go:build race

package kql

// Under the race detector pools drop what is put back, at random, and regular
// expressions allocate.
const raceDetector = true
