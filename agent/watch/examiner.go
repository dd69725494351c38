package watch

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hooksnare/agent/document"
	"hooksnare/agent/judge"
)

// Bounds of the examinations that wait.
const (
	maxLane  = 64   // of one lane; what comes then is judged without one
	maxLanes = 1024 // in all, where each has a goroutine
)

// Examiner answers questions in lanes. A disk that does not answer holds up its own lane
// alone. What comes in one lane is judged in its order.
type Examiner struct {
	answer  func(judge.Question) *document.Examination
	skipped atomic.Uint64 // questions that were judged without an answer

	mu    sync.Mutex // guards what follows; nothing is called with it held
	lanes map[string][]queuedQuestion
	idle  sync.Cond
	shut  bool
}

type queuedQuestion struct {
	question judge.Question
	judge    func(*document.Examination, bool)
}

func NewExaminer(answer func(judge.Question) *document.Examination) *Examiner {
	e := &Examiner{answer: answer, lanes: map[string][]queuedQuestion{}}
	e.idle.L = &e.mu
	return e
}

// laneOf returns where a question waits. A user's things have one lane; what root's or the
// computer's preferences lead to may be a user's, and then waits apart.
func laneOf(q *judge.Question) string {
	name := string(q.Share)
	if !q.Share.Reserved() {
		return name
	}
	for _, v := range q.Values {
		for _, users := range [...]string{"/Users/", "/Volumes/"} {
			if rest, ok := strings.CutPrefix(v, users); ok {
				owner, _, _ := strings.Cut(rest, "/")
				return name + "\x00" + users + owner
			}
		}
	}
	return name
}

// Ask is an Examine that never waits.
func (e *Examiner) Ask(q judge.Question, judge func(*document.Examination, bool)) {
	name := laneOf(&q)
	e.mu.Lock()
	queue, runs := e.lanes[name]
	full := e.shut || len(queue) >= maxLane || !runs && len(e.lanes) >= maxLanes
	if !full {
		e.lanes[name] = append(queue, queuedQuestion{q, judge})
	}
	e.mu.Unlock()
	switch {
	case full:
		e.skipped.Add(1)
		judge(nil, false)
	case !runs:
		go e.answerLane(name)
	}
}

// answerLane answers the questions of a lane until there are none.
func (e *Examiner) answerLane(name string) {
	for {
		e.mu.Lock()
		queue := e.lanes[name]
		if len(queue) == 0 {
			delete(e.lanes, name)
			e.idle.Broadcast()
			e.mu.Unlock()
			return
		}
		next := queue[0]
		queue[0] = queuedQuestion{}
		e.lanes[name] = queue[1:]
		e.mu.Unlock()
		next.judge(e.answer(next.question), true)
	}
}

// close waits until every question that was asked is judged, but no longer than a time.
// What is asked later is judged without an examination.
func (e *Examiner) close(limit time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shut = true
	late := false
	timer := time.AfterFunc(limit, func() {
		e.mu.Lock()
		late = true
		e.mu.Unlock()
		e.idle.Broadcast()
	})
	defer timer.Stop()
	for len(e.lanes) > 0 && !late {
		e.idle.Wait()
	}
}

// Skipped returns how many questions were judged without an answer.
func (e *Examiner) Skipped() uint64 { return e.skipped.Load() }
