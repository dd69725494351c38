//go:build !race

package kql

const raceDetector = false
