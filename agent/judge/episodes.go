package judge

import (
	"slices"
	"time"

	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// episode is something that has begun and not ended: a condition, or why a file can't be
// read.
type episode struct {
	threads []*alertThread
	course  *course
}

// course is the episodes of one condition, or of one file whatever was wrong with it. What
// comes and goes all the time goes on in one alert, with a count.
type course struct {
	threads []*alertThread // of the latest begin
	until   time.Time      // when the window ends
	begun   int            // begins within the window
	again   int            // of these, the ones that were counted into the alert there was
	on      int            // episodes that have not ended
}

// What begins more often within the window than so many times goes on in the alert of the
// last one.
const (
	courseWindow = 5 * time.Minute
	separate     = 3
)

// episodes are those of a pipeline, by name, and their courses.
type episodes struct {
	on      map[string]*episode
	courses map[string]*course
}

func newEpisodes() episodes {
	return episodes{on: map[string]*episode{}, courses: map[string]*course{}}
}

// Condition takes a condition of another part of the agent.
func (p *Judge) Condition(name, detail string, on bool, since, until time.Time) {
	p.mu.Lock()
	p.handleCondition(name, detail, on, since, until)
	p.mu.Unlock()
	p.flushOutbox(true)
}

// handleCondition tells that a condition begins or ends.
func (p *Judge) handleCondition(name, detail string, on bool, since, until time.Time) {
	if p.closed {
		return // the outputs take no more
	}
	key := "condition\x00" + name
	if !on {
		p.endEpisode(key, p.clockAt(until), func(t *alertThread) *alert.Alert {
			return p.compose.ConditionEnded(t.nextUpdate(t.last, until), detail, until)
		})
		return
	}
	p.beginEpisode(key, key, p.clockAt(since), func() []detect.Finding {
		return p.engine.Consider(detect.Condition{State: name, Detail: detail, Since: since})
	}, func(t *alertThread, again int) *alert.Alert {
		return p.compose.ConditionAgain(t.nextUpdate(t.last, since), detail, since, again)
	})
}

// HandleUnreadable takes a file that can't be read, as that begins and as it ends.
func (p *Judge) HandleUnreadable(u event.Unreadable) {
	p.mu.Lock()
	p.handleUnreadable(&u)
	p.mu.Unlock()
	p.flushOutbox(true)
}

func (p *Judge) handleUnreadable(u *event.Unreadable) {
	if p.watching == nil || p.closed {
		return
	}
	file := "unreadable\x00" + u.Path
	key := file + "\x00" + u.Why
	if !u.On {
		p.endEpisode(key, p.clockAt(u.Until), func(t *alertThread) *alert.Alert {
			return p.compose.FileReadable(t.nextUpdate(t.last, u.Until), u.Until)
		})
		return
	}
	p.beginEpisode(key, file, p.clockAt(u.Since), func() []detect.Finding {
		return p.engine.Observe(detect.Observed{Unreadable: u, Verdict: string(alert.Observed)}, nil, nil)
	}, func(t *alertThread, again int) *alert.Alert {
		return p.compose.UnreadableAgain(t.nextUpdate(t.last, u.Since), u, again)
	})
}

// clockAt is the clock that windows go by, at something that the agent itself tells.
func (p *Judge) clockAt(at time.Time) time.Time {
	if p.clock != nil {
		return p.clock()
	}
	return at
}

// beginEpisode tells that an episode begins: in an alert of each rule that finds it, or
// as an update of those that there are.
func (p *Judge) beginEpisode(key, name string, now time.Time, find func() []detect.Finding, again func(*alertThread, int) *alert.Alert) {
	if p.episodes.on[key] != nil {
		return
	}
	c := p.episodes.courses[name]
	if c == nil || c.on == 0 && !now.Before(c.until) {
		c = &course{until: now.Add(courseWindow)}
		p.episodes.courses[name] = c
	}
	e := &episode{course: c}
	p.episodes.on[key] = e
	c.on++
	if c.begun++; c.begun > separate && len(c.threads) > 0 {
		c.again++
		e.threads = c.threads
		for _, t := range e.threads {
			p.sendUpdate(t, again(t, c.again), now)
		}
		return
	}
	found := slices.Clone(find())
	for i := range found {
		f := &found[i]
		if t := p.openThread(f, func() *alert.Alert { return p.compose.Compose(f) }, now); t != nil {
			p.beginThread(t)
			e.threads = append(e.threads, t)
		}
	}
	c.threads = e.threads
}

// endEpisode tells that an episode is over.
func (p *Judge) endEpisode(key string, now time.Time, over func(*alertThread) *alert.Alert) {
	e := p.episodes.on[key]
	if e == nil {
		return
	}
	delete(p.episodes.on, key)
	if e.course.on--; e.course.on > 0 && slices.Equal(e.threads, e.course.threads) {
		return // another episode goes on in the same alert
	}
	for _, t := range e.threads {
		p.sendUpdate(t, over(t), now)
	}
}

// episodesDue forgets the courses that are over and would begin with another alert.
func (p *Judge) episodesDue(now time.Time) {
	for name, c := range p.episodes.courses {
		if c.on == 0 && !now.Before(c.until) {
			delete(p.episodes.courses, name)
		}
	}
}
