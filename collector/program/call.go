package program

import "time"

// callWithin returns what f returns, or false if that takes longer than the limit or as many calls
// as there are slots are under way; with wait, it waits for a slot within the limit. An f that
// is given up ends by itself, and then pending is closed; what it returns is dropped.
func callWithin[T any](slots chan struct{}, wait bool, limit time.Duration, f func() T) (v T, pending <-chan struct{}, ok bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case slots <- struct{}{}:
	default:
		if !wait {
			return v, nil, false
		}
		select {
		case slots <- struct{}{}:
		case <-timer.C:
			return v, nil, false
		}
	}
	got, done := make(chan T, 1), make(chan struct{})
	go func() {
		defer close(done)
		defer func() { <-slots }()
		got <- f()
	}()
	select {
	case v := <-got:
		return v, nil, true
	case <-timer.C:
		return v, done, false
	}
}
