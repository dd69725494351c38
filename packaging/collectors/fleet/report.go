package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// writeRuns writes a table of what was seen.
func writeRuns(w io.Writer, all []*Seen) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "scenario\trequests/s\tat its end\tnew conn./s\topen conn.\tMB/s\ttaken\t429\ttoo late\trepeats\thalf done\tall done\t")
	for _, s := range all {
		half, done := s.drained()
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\t%s\t%s\t\n", s.Scenario.Name,
			number(slices.Max(s.Requests)), number(slices.Max(s.Requests[len(s.Requests)*3/4:])), number(slices.Max(s.Handshakes)), number(slices.Max(s.Connections)),
			float64(slices.Max(s.Bytes))/1e6, number(s.Documents), number(s.Throttled), number(s.TimedOut), number(s.Repeats), half, done)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, s := range all {
		r := s.Scenario.Receiver
		fmt.Fprintf(w, "%-17s %s (takes %s requests/s, %s documents/s)\n", s.Scenario.Name, s.Scenario.Text, number(int64(r.Requests)), number(int64(r.Documents)))
	}
	return nil
}

// drained tells how long after its return the receiver had half and all of the backlogs.
func (s *Seen) drained() (half, all string) {
	macs := s.Scenario.Macs / s.Scenario.Scale
	if s.Scenario.Down == 0 {
		return "-", "-"
	}
	tell := func(n int) string {
		if len(s.Drained) < n {
			return fmt.Sprintf("> %d min", int((s.Scenario.Length-s.Scenario.Down)/time.Minute))
		}
		return fmt.Sprintf("%d min", int((s.Drained[n-1]+time.Minute-1)/time.Minute))
	}
	return tell(macs / 2), tell(macs)
}

// number writes a number with commas.
func number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// writeLoad writes what follows from the number of Macs alone, and from assumptions that
// are printed with it.
func writeLoad(w io.Writer, macs int) error {
	const (
		partition = 10    // MB/s that a Kafka partition takes
		shard     = 50    // GB in a shard
		primary   = 5000  // documents/s that a primary shard takes
		catchUp   = 20000 // documents/s of the receiver in the scenarios
		idle      = 15    // seconds after which the receiver closes a connection
	)
	n := int64(macs)
	perSecond := ceil(n, seconds(agent.Heartbeat))
	perDay := n * 86400 / seconds(agent.Heartbeat)
	gbDay := float64(perDay*heartbeatBytes) / 1e9
	backlog := n * 293
	rows := [][2]string{
		{"heartbeats a second, spread", number(perSecond)},
		{"heartbeats a day", number(perDay)},
		{"GB of heartbeats a day, as JSON", fmt.Sprintf("%.1f", gbDay)},
		{fmt.Sprintf("connections that HTTP outputs keep open (%d s after the last request)", seconds(agent.IdleTimeout)), number(perSecond * seconds(agent.IdleTimeout))},
		{fmt.Sprintf("the same, where the receiver closes them after %d s", idle), number(perSecond * idle)},
		{"TLS handshakes a second of HTTP outputs: a connection for each heartbeat", number(perSecond)},
		{"connections of relp and syslog_tls, kept while an agent runs", number(n)},
		{"documents queued after a day (288 heartbeats and 5 alerts each)", number(backlog)},
		{"MB on each Mac's disk for it", fmt.Sprintf("%.2f", float64(288*heartbeatBytes+5*alertBytes)/1e6)},
		{"tries a second while the receiver is down", number(ceil(2*n, seconds(agent.MostWait+agent.LeastWait)))},
		{fmt.Sprintf("minutes to take it at %s documents a second, at best", number(catchUp)), number(ceil(backlog, catchUp*60))},
		{"MB a second then", number(ceil(catchUp*heartbeatBytes, 1e6))},
		{fmt.Sprintf("Kafka partitions for that, at %d MB/s each", partition), number(ceil(catchUp*heartbeatBytes, partition*1e6))},
		{fmt.Sprintf("primary shards for that, at %s documents/s each", number(primary)), number(ceil(catchUp, primary))},
		{fmt.Sprintf("shards of %d GB filled a day, before compression", shard), fmt.Sprintf("%.1f", gbDay/shard)},
	}
	for _, r := range rows {
		if _, err := fmt.Fprintf(w, "%s %s %s\n", r[0], strings.Repeat(".", max(3, 90-len(r[0])-len(r[1]))), r[1]); err != nil {
			return err
		}
	}
	return nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func ceil(n, by int64) int64 { return (n + by - 1) / by }
