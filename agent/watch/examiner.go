package watch

import (
	"strings"
	"sync"
	"sync/atomic"

	"hooksnare/agent/document"
	"hooksnare/agent/judge"
)

// Bounds of the questions that wait.
const (
	maxLane  = 256  // of one lane, twice what a user gets alerts for in five minutes; what comes then is judged without one
	maxLanes = 1024 // in all, where each has a goroutine
)

// Examiner answers questions in lanes. A disk that does not answer holds up its own lane
// alone. What comes in one lane is judged in its order.
type Examiner struct {
	answer  func(judge.Question) *document.Examination
	skipped atomic.Uint64 // questions that were judged without an answer

	mu    sync.Mutex // guards lanes and shut; nothing is called with it held
	lanes map[string][]queuedQuestion
	shut  bool
	work  sync.WaitGroup // the goroutines of the lanes
}

type queuedQuestion struct {
	question judge.Question
	judge    func(*document.Examination, bool)
}

// NewExaminer returns an Examiner that has each question answered by a function.
func NewExaminer(answer func(judge.Question) *document.Examination) *Examiner {
	return &Examiner{answer: answer, lanes: map[string][]queuedQuestion{}}
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

// Ask has a question answered, and never waits: see [judge.Examine].
func (e *Examiner) Ask(q judge.Question, judge func(*document.Examination, bool)) {
	name := laneOf(&q)
	e.mu.Lock()
	queue, runs := e.lanes[name]
	full := e.shut || len(queue) >= maxLane || !runs && len(e.lanes) >= maxLanes
	if !full {
		e.lanes[name] = append(queue, queuedQuestion{q, judge})
		if !runs {
			e.work.Go(func() { e.answerLane(name) })
		}
	}
	e.mu.Unlock()
	if full {
		e.skipped.Add(1)
		judge(nil, false)
	}
}

// answerLane answers the questions of a lane until there are none.
func (e *Examiner) answerLane(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.lanes[name]) > 0 {
		queue := e.lanes[name]
		next := queue[0]
		queue[0] = queuedQuestion{}
		e.lanes[name] = queue[1:]
		e.mu.Unlock()
		next.judge(e.answer(next.question), true)
		e.mu.Lock()
	}
	delete(e.lanes, name)
}

// close waits until every question that was asked is judged. What is asked later is judged
// without an examination.
func (e *Examiner) close() {
	e.mu.Lock()
	e.shut = true
	e.mu.Unlock()
	e.work.Wait()
}

// Skipped returns how many questions were judged without an answer.
func (e *Examiner) Skipped() uint64 { return e.skipped.Load() }
