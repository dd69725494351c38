package forward

import (
	"context"
	"time"
)

// sleep waits, and says whether to go on. A changed file ends a wait for one.
func (r *Runner) sleep(ctx context.Context, w wait) bool {
	if w.time <= 0 {
		return ctx.Err() == nil
	}
	end := time.Now().Add(w.time)
	r.update(func(s *Status) { s.Phase, s.NextTry = Waiting, end })
	defer r.update(func(s *Status) { s.NextTry = time.Time{} })
	watcher, _ := r.o.Sender.(Watcher)
	for {
		left := time.Until(end)
		if left <= 0 {
			return ctx.Err() == nil
		}
		if w.files && watcher != nil {
			left = min(left, filesInterval)
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		if w.files && watcher != nil && watcher.Changed() {
			return true
		}
	}
}

// report tells the health of the output after a request.
func (r *Runner) report(b *batch, result *Result) {
	switch {
	case b.retry == 0 && len(b.delivered) > 0:
		r.good(result.Err)
	case result.Err == nil:
		r.bad(&Error{Receiver: r.o.Name, Kind: KindAnswer, Text: "not everything was delivered, and no reason given"}, false)
	case (result.Err.Kind == KindRefused || result.Err.Kind == KindTooLarge) && b.retry > 0:
		r.note(result.Err) // it will be known whose fault it is
	default:
		r.bad(result.Err, false)
	}
}

// good tells that the output is well. err is what was still wrong with single alerts.
func (r *Runner) good(err *Error) {
	if err != nil {
		r.note(err)
	}
	r.mu.Lock()
	was := r.status.Health.Kind
	if was != KindNone {
		r.status.Health = Health{Output: r.o.Name, Since: time.Now()}
	}
	now := r.status.Health
	r.mu.Unlock()
	if was != KindNone && r.o.Health != nil {
		r.o.Health(now)
	}
}

// note keeps an error for Status.
func (r *Runner) note(err *Error) {
	r.update(func(s *Status) { s.LastError, s.LastErrorAt = err.Error(), time.Now() })
}

// bad tells that the output is bad. What may pass by itself has to happen twice, unless
// it is certain.
func (r *Runner) bad(err *Error, certain bool) {
	r.note(err)
	passing := err.Kind == KindNetwork || err.Kind == KindBusy || err.Kind == KindThrottled || err.Kind == KindAnswer
	if passing && !certain && !r.pace.failing() {
		return
	}
	r.mu.Lock()
	was := r.status.Health.Kind
	if was != err.Kind {
		r.status.Health = Health{Output: r.o.Name, Kind: err.Kind, Since: time.Now()}
	}
	r.status.Health.Reason = err.Error()
	now := r.status.Health
	r.mu.Unlock()
	if was != err.Kind && r.o.Health != nil {
		r.o.Health(now)
	}
}
