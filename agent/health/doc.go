package health

import (
	"fmt"
	"strings"
)

// Doc returns the reference of conditions and losses in Markdown.
func Doc() string {
	var b strings.Builder
	b.WriteString(`A condition is a way in which the agent does not see, keep or deliver what it should. The status
names each one that is on, with the time when it began; ` + "`hooksnare doctor`" + ` says what it means and
what to do about it; heartbeats carry them, and ` + "`heartbeat.healthy`" + ` is false while one is on. Each
is an alert of the rule ` + "`sensor-degraded`" + ` when it begins and an update of it when it ends. One that
has a subject is written NAME.SUBJECT; what is not a letter, a digit or one of ` + "`/._-@+:=`" + ` there is
written %XX, and a long one ends with a hash. Of one name at most eight subjects are named at a
time; the counter ` + "`conditions_unnamed`" + ` has the others.

"Once" marks what happens and does not last: its alert is followed by its end at once. "No alert"
marks what is shown and raises none.

| name | meaning | what to do |
|---|---|---|
`)
	for _, row := range table[1:] {
		name := row.Word
		if row.Of != "" {
			name += ".…"
		}
		meaning := row.Meaning
		if row.Of != "" {
			meaning += " Subject: " + row.Of + "."
		}
		if row.Moment {
			meaning += " Once."
		}
		if row.Silent {
			meaning += " No alert."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, cell(meaning), cell(row.Cure))
	}
	fmt.Fprintf(&b, `
# Losses

What the agent forgot, skipped or could not examine is counted: in `+"`hooksnare status`"+`, and in
heartbeats under `+"`hooksnare.heartbeat.losses`"+`, where a counter of 0 is absent. A count is since the
agent started, or of now where that is said. While a counter that matters rises, the condition
`+"`events_forgotten.COUNTER`"+` is on; it ends %v after the counter last rose, so that nobody can make
it begin and end more often than that.

| counter | matters | N ... |
|---|---|---|
`, LossQuiet)
	for _, row := range losses[1:] {
		meaning := row.Meaning
		if row.Now {
			meaning = "(now) " + meaning
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", row.Word, map[bool]string{true: "yes"}[row.Matters], cell(meaning))
	}
	return b.String()
}

// cell returns a text as it stands in a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
