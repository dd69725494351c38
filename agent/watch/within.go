package watch

import "time"

// receiveWithin takes a value that is there, or comes so soon.
func receiveWithin[T any](c <-chan T, wait time.Duration) (value T, came bool) {
	select {
	case value = <-c:
		return value, true
	default:
	}
	if wait <= 0 {
		return value, false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case value = <-c:
		return value, true
	case <-timer.C:
		return value, false
	}
}
