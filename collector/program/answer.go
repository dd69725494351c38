package program

import "time"

// answer returns what f returns, or false if that takes longer than the limit, or if as
// many calls as there are slots are under way. An f that is given up ends by itself, which
// pending tells by being closed; what it returns is dropped.
func answer[T any](slots chan struct{}, limit time.Duration, f func() T) (v T, pending <-chan struct{}, ok bool) {
	select {
	case slots <- struct{}{}:
	default:
		return v, nil, false
	}
	got, done := make(chan T, 1), make(chan struct{})
	go func() {
		defer close(done)
		defer func() { <-slots }()
		got <- f()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case v := <-got:
		return v, nil, true
	case <-timer.C:
		return v, done, false
	}
}
