package judge

import (
	"slices"
	"time"

	"hooksnare/agent/document"
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

// Condition takes a condition of another part of the agent.
func (j *Judge) Condition(name, detail string, on bool, since, until time.Time) {
	j.judgeAndFlush(true, func() { j.handleCondition(name, detail, on, since, until) })
}

// handleCondition reports that a condition begins or ends.
func (j *state) handleCondition(name, detail string, on bool, since, until time.Time) {
	if j.closed {
		return // the outputs take no more
	}
	key := "condition\x00" + name
	if !on {
		j.endEpisode(key, j.clockAt(until), func(t *alertThread) *alert.Alert {
			return j.compose.ConditionEnded(t.nextUpdate(t.last, until), detail, until)
		})
		return
	}
	j.beginEpisode(key, key, j.clockAt(since), func() []detect.Finding {
		return j.engine.Consider(detect.Condition{State: name, Detail: detail, Since: since})
	}, func(t *alertThread, again int) *alert.Alert {
		return j.compose.ConditionAgain(t.nextUpdate(t.last, since), detail, since, again)
	})
}

// HandleUnreadable takes a file that can't be read, as that begins and as it ends.
func (j *Judge) HandleUnreadable(u event.Unreadable) {
	j.judgeAndFlush(true, func() { j.handleUnreadable(&u) })
}

func (j *state) handleUnreadable(u *event.Unreadable) {
	if j.watching == nil || j.closed {
		return
	}
	file := "unreadable\x00" + u.Path
	key := file + "\x00" + u.Why
	begun := *u
	begun.On = true
	find := func() []detect.Finding {
		return j.engine.Observe(detect.Observed{Unreadable: &begun, Verdict: string(alert.Observed)}, nil, nil)
	}
	if u.Again {
		j.resumeEpisode(key, file, j.clockAt(u.Since), find)
	}
	if !u.On {
		j.endEpisode(key, j.clockAt(u.Until), func(t *alertThread) *alert.Alert {
			return j.compose.FileReadable(t.nextUpdate(t.last, u.Until), u.Until)
		})
	}
	if u.Again || !u.On {
		return
	}
	j.beginEpisode(key, file, j.clockAt(u.Since), find, func(t *alertThread, again int) *alert.Alert {
		return j.compose.UnreadableAgain(t.nextUpdate(t.last, u.Since), u, t.share.String(), again)
	})
}

// resumeEpisode goes on with an episode that was reported before the agent was stopped.
func (j *state) resumeEpisode(key, name string, now time.Time, find func() []detect.Finding) {
	if j.episodes[key] != nil {
		return
	}
	c := j.courseOf(name, now)
	e := &episode{course: c}
	for _, f := range slices.Clone(find()) {
		a := document.Brief(j.compose.Compose(&f))
		e.threads = append(e.threads, &alertThread{share: f.Share(), first: a, last: a, given: 1})
	}
	c.on, c.threads = c.on+1, e.threads
	j.episodes[key] = e
}

// courseOf returns the course of episodes of one name.
func (j *state) courseOf(name string, now time.Time) *course {
	c := j.courses[name]
	if c == nil || c.on == 0 && !now.Before(c.until) {
		c = &course{until: now.Add(courseWindow)}
		j.courses[name] = c
	}
	return c
}

// clockAt is the clock of windows, at something that the agent itself reports.
func (j *state) clockAt(at time.Time) time.Time {
	if j.clock != nil {
		return j.clock()
	}
	return at
}

// beginEpisode reports that an episode begins: in an alert of each rule that finds it, or
// as an update of those that there are.
func (j *state) beginEpisode(key, name string, now time.Time, find func() []detect.Finding, again func(*alertThread, int) *alert.Alert) {
	if j.episodes[key] != nil {
		return
	}
	c := j.courseOf(name, now)
	e := &episode{course: c}
	j.episodes[key] = e
	c.on++
	if c.begun++; c.begun > separate && len(c.threads) > 0 {
		c.again++
		e.threads = c.threads
		for _, t := range e.threads {
			j.sendUpdate(t, again(t, c.again), now)
		}
		return
	}
	e.threads = j.reportFindings(find(), now, nil)
	c.threads = e.threads
}

// endEpisode reports that an episode is over.
func (j *state) endEpisode(key string, now time.Time, over func(*alertThread) *alert.Alert) {
	e := j.episodes[key]
	if e == nil {
		return
	}
	delete(j.episodes, key)
	if e.course.on--; e.course.on > 0 && slices.Equal(e.threads, e.course.threads) {
		return // another episode goes on in the same alert
	}
	for _, t := range e.threads {
		j.sendUpdate(t, over(t), now)
	}
}
