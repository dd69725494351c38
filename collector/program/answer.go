package program

import "time"

// patience is how long a file system may take for one program: a network volume, or one
// that a user serves, can keep a process waiting for ever.
const patience = 2 * time.Second

// waiting bounds the looks that are under way in this process, those that nobody waits
// for any more included: each keeps a thread.
var waiting = make(chan struct{}, 64)

// answer returns what f returns, or false if that takes longer than the limit, or if too
// many took too long already. An f that is given up ends by itself, which pending tells
// by being closed; what it returns is dropped.
func answer[T any](limit time.Duration, f func() T) (v T, pending <-chan struct{}, ok bool) {
	select {
	case waiting <- struct{}{}:
	default:
		return v, nil, false
	}
	got, done := make(chan T, 1), make(chan struct{})
	go func() {
		defer close(done)
		defer func() { <-waiting }()
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
