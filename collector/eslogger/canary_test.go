package eslogger

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/event"
)

// TestCanarySchedule plays a canary against a clock of its own, with the default
// waits: every 30 s, 30 s of patience, repeated after 1, 2, 4, ... s.
func TestCanarySchedule(t *testing.T) {
	type at map[int]string // second: what happens just before it is looked at
	tests := []struct {
		name     string
		interval int // seconds
		timeout  int
		happens  at
		until    int
		want     []string
	}{
		{
			"seen at once, each time", 30, 30, at{1: "seen", 31: "seen", 61: "seen"}, 65,
			[]string{"0 run", "30 run", "60 run"},
		},
		{
			"the first ones come before the subscription", 30, 30, at{5: "seen"}, 35,
			[]string{"0 run", "1 run", "3 run", "30 run", "31 run", "33 run"},
		},
		{
			"never seen", 30, 30, nil, 33,
			[]string{"0 run", "1 run", "3 run", "7 run", "15 run", "30 missed since 0, replace"},
		},
		{
			"never seen, but others", 30, 30, at{9: "heard", 50: "heard"}, 62,
			[]string{
				"0 run", "1 run", "3 run", "7 run", "15 run", "30 missed since 0", "30 run", "31 run", "33 run", "37 run", "45 run",
				"60 missed since 30", "60 run", "61 run",
			},
		},
		{
			"seen, then no more", 30, 30, at{1: "seen"}, 61,
			[]string{"0 run", "30 run", "31 run", "33 run", "37 run", "45 run", "60 missed since 30, replace"},
		},
		{
			"can't be run", 30, 30, at{1: "fail", 2: "fail", 4: "fail", 8: "fail", 16: "fail"}, 30,
			[]string{"0 run", "1 run", "3 run", "7 run", "15 run", "30 missed since 0", "30 run"},
		},
		{
			"can be run at times", 30, 30, at{1: "fail", 2: "fail"}, 30,
			[]string{"0 run", "1 run", "3 run", "7 run", "15 run", "30 missed since 0, replace"},
		},
		{
			"a short interval has patience", 2, 5, at{4: "seen", 9: "seen"}, 10,
			[]string{"0 run", "1 run", "3 run", "5 run", "6 run", "8 run", "10 run"},
		},
		{
			"a long interval does not wait for it", 3600, 30, at{2: "seen"}, 3631,
			[]string{"0 run", "1 run", "3600 run", "3601 run", "3603 run", "3607 run", "3615 run", "3630 missed since 3600, replace"},
		},
		{
			"the agent was held up", 30, 30, at{2: "sleep 100"}, 105,
			[]string{"0 run", "1 run", "102 run", "103 run", "105 run"},
		},
	}
	for _, tt := range tests {
		got := schedule(tt.interval, tt.timeout, tt.happens, tt.until)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s %v: got\n%s\nwant\n%s", tt.name, tt.happens, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// schedule looks at each second at which the canary asked to be looked at.
func schedule(interval, timeout int, happens map[int]string, until int) (log []string) {
	c := canarySchedule{interval: time.Duration(interval) * time.Second, timeout: time.Duration(timeout) * time.Second, repeat: time.Second}
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c.beginRound(t0)
	wake := t0
	for now := 0; now <= until; now++ {
		what := happens[now]
		switch what {
		case "seen":
			c.countExec()
			c.markAnswered()
		case "heard":
			c.countExec()
		case "fail":
			c.setFailure("it is gone")
		}
		var sleep int
		if n, _ := fmt.Sscanf(what, "sleep %d", &sleep); n == 1 {
			now += sleep
		}
		clock := t0.Add(time.Duration(now) * time.Second)
		if clock.Before(wake) {
			continue
		}
		l := c.advance(clock)
		if l.missed {
			line := fmt.Sprintf("%d missed since %d", now, int(l.since.Sub(t0).Seconds()))
			if l.replace {
				line += ", replace"
			}
			log = append(log, line)
		}
		if l.launch {
			log = append(log, fmt.Sprintf("%d run", now))
			if happens[now+1] != "fail" {
				c.countStarted()
			}
		}
		if l.replace {
			return log
		}
		wake = l.wake
	}
	return log
}

func TestCanaryDetail(t *testing.T) {
	tests := []struct {
		name string
		do   func(*canarySchedule)
		want string
	}{
		{"silent", func(c *canarySchedule) { c.countStarted() }, "none of 1 canaries in 30s was seen, nor any other exec: eslogger is replaced"},
		{"busy", func(c *canarySchedule) { c.countStarted(); c.countExec(); c.countExec() }, "none of 1 canaries in 30s was seen, though 2 other execs were"},
		{"hanging", func(*canarySchedule) {}, "no canary could be started in 30s"},
		{"not run", func(c *canarySchedule) { c.setFailure("it is gone") }, "the canary can't be run: it is gone"},
	}
	for _, tt := range tests {
		c := canarySchedule{interval: 30 * time.Second, timeout: 30 * time.Second, repeat: time.Minute}
		t0 := time.Now()
		c.beginRound(t0)
		c.advance(t0)
		tt.do(&c)
		if got := c.advance(t0.Add(30 * time.Second)); got.detail != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got.detail, tt.want)
		}
	}
}

func TestProbeIs(t *testing.T) {
	p := newProbe(Options{CanaryPath: "/no/such/root/usr/bin/true", CanarySeenAs: []string{"/usr/bin/true"}}, 77)
	child := func(path string, parent, ppid int32) Message {
		return Message{Kind: event.ExecKind, Target: Process{Executable: []byte(path), Parent: event.Token{PID: parent}, PPID: ppid}}
	}
	fork := child("/usr/bin/true", 77, 77)
	fork.Kind = event.Fork
	tests := []struct {
		name string
		m    Message
		want bool
	}{
		{"by the parent's token", child("/usr/bin/true", 77, 0), true},
		{"by the parent's pid", child("/usr/bin/true", 0, 77), true},
		{"on the real disk", child("/no/such/root/usr/bin/true", 77, 77), true},
		{"of another parent", child("/usr/bin/true", 78, 78), false},
		{"another program", child("/usr/bin/false", 77, 77), false},
		{"a longer path", child("/usr/bin/true2", 77, 77), false},
		{"a fork", fork, false},
	}
	for _, tt := range tests {
		if got := p.isCanary(&tt.m); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
