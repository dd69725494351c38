//go:build !linux

package main

import "errors"

func sampleOf(int) (sample, error) {
	return sample{}, errors.New("measured on Linux only: it takes /proc")
}
