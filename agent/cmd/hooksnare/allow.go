package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/quote"
)

func newAllow() *cobra.Command {
	group := newGroup("allow", "Add, list and remove exceptions",
		`  sudo hooksnare allow add --from-alert 0123456789ab --reason "our login script, ticket 4711"
  sudo hooksnare allow list
  sudo hooksnare allow remove alert-0123456789abcdef`,
		newAllowAdd(), newAllowList(), newAllowRemove())
	group.Long = `An exception hides the alerts about a hook that is known to be harmless. Those added here are
kept in a separate file,
` + config.ExceptionsFile + `,
and add to those of the configuration. Each change is first recorded in
` + exceptions.AuditPath("") + `. A running agent uses it within seconds.`
	return group
}

// allowAdd is the flags of allow add.
type allowAdd struct {
	alertLog
	alert, reason, expires, id string
	unpinned, print            bool
}

func newAllowAdd() *cobra.Command {
	var o allowAdd
	cmd := &cobra.Command{
		Use: "add --from-alert ID --reason TEXT", Short: "Hide the alerts about a hook from now on", Args: cobra.NoArgs,
		Long: `Makes an exception of an alert of the local log: for that value of that key in that file and
for no other, whoever sets or runs it. It is pinned to the hook's program as it is now: owned
by root, writable by nobody else, in a path that nobody else can write, with the SHA-256 that
it has. When one of these is no longer true, there are alerts again, which say why.

A hook whose program can't be pinned is refused: one that is missing, that others can write,
or that runs what its arguments say, as a shell does. With --unpinned the exception holds for
the value alone: whoever can change the program then decides what runs as root, unseen.

With --print nothing is written. What is printed is the key Exceptions of a configuration: the
exceptions that it has now, the preset for Jamf Pro included where it is in force, and the new
one. Exceptions of a profile replace all others, so use the whole list (hooksnare profile
settings --config takes the file).`,
		Example: `  sudo hooksnare allow add --from-alert 0123456789ab --reason "our login script, ticket 4711"
  sudo hooksnare allow add --from-alert 0123456789ab --reason "trial" --expires 30d --id trial
  hooksnare allow add --from-alert 0123456789ab --reason "for all Macs" --print >exceptions.plist`,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.addLogFlags(cmd)
	cmd.Flags().StringVar(&o.alert, "from-alert", "", "`ID` of the alert, or its beginning")
	cmd.Flags().StringVar(&o.reason, "reason", "", "`TEXT`: who asks for it, and why")
	cmd.Flags().StringVar(&o.expires, "expires", "", "`DURATION` after which it ends, as 12h, 30d or 8w (default: never)")
	cmd.Flags().StringVar(&o.id, "id", "", "`NAME` of the exception (default: made of the alert's id)")
	cmd.Flags().BoolVar(&o.print, "print", false, "print it, with those of the configuration, as a property list for a profile, and write nothing")
	cmd.Flags().BoolVar(&o.unpinned, "unpinned", false, "hold for the value alone, whatever its program is or becomes")
	return cmd
}

func (o *allowAdd) run(cmd *cobra.Command) error {
	w, err := o.newWish(time.Now())
	if err != nil {
		return err
	}
	c, _, err := o.loadNoting(cmd)
	if err != nil {
		return err
	}
	docs, err := o.documents(cmd)
	if err != nil {
		return err
	}
	p, err := exceptions.Propose(c.Root, docs, w)
	if err != nil {
		return &exit{exitNotWell, fmt.Sprintf("alert %s: %v", docs[0].Event.ID, err)}
	}
	if o.print {
		return printProposal(cmd, c, p)
	}
	if err := exceptions.NewAllow(c, exceptions.Whoever()).Add(cmd.Context(), p); err != nil {
		return exitRefused(err)
	}
	acceptFiles(cmd, c.Root, c.StateDir, "allow", config.ExceptionsFile)
	for _, text := range p.Notes {
		note(cmd, "%s", text)
	}
	if err := o.out.print(&p.Exception, proposalText(config.ExceptionsPath(c.Root), &p.Exception, p.Hook)); err != nil {
		return err
	}
	note(cmd, "added %s: a running agent uses it within seconds", p.Exception.ID)
	return nil
}

// printProposal prints the exceptions of a configuration and a new one as a configuration has them.
func printProposal(cmd *cobra.Command, c config.Config, p *exceptions.Proposal) error {
	content, err := exceptions.EncodeWith(c, p)
	if err != nil {
		return exitRefused(err)
	}
	for _, text := range p.Notes {
		note(cmd, "%s", text)
	}
	if _, err := cmd.OutOrStdout().Write(content); err != nil {
		return err
	}
	note(cmd, "printed %s and the exceptions of the configuration (%d); nothing was written", p.Exception.ID, len(exceptions.Configured(c.Exceptions)))
	return nil
}

// newWish returns what the flags ask for.
func (o *allowAdd) newWish(now time.Time) (exceptions.Wish, error) {
	w := exceptions.Wish{ID: o.id, Reason: o.reason, Unpinned: o.unpinned}
	switch {
	case o.alert == "":
		return w, errors.New("--from-alert: expected the id of an alert: see hooksnare alerts list")
	case strings.TrimSpace(o.reason) == "":
		return w, errors.New("--reason: expected a text that says who asks for it and why")
	case o.expires == "":
		return w, nil
	}
	d, err := parseAge(o.expires)
	if err != nil || d <= 0 {
		return w, fmt.Errorf("--expires %q: expected a duration such as 12h, 30d or 8w", o.expires)
	}
	w.Expires = now.Add(d)
	return w, nil
}

// documents returns the documents of the alert.
func (o *allowAdd) documents(cmd *cobra.Command) ([]*alert.Alert, error) {
	alerts, err := o.openLog(cmd)
	if err != nil {
		return nil, err
	}
	defer closeLog(cmd, alerts)
	m, err := findAlert(cmd, alerts, o.alert)
	if err != nil {
		return nil, err
	}
	var docs []*alert.Alert
	for _, d := range m.Documents {
		a, err := alert.Parse(d.Line)
		if err != nil {
			return nil, fmt.Errorf("alert %s: %w", m.ID, err)
		}
		docs = append(docs, a)
	}
	return docs, nil
}

// exitRefused gives exit code 1 to a change that was asked for correctly and is not possible.
func exitRefused(err error) error {
	if errors.Is(err, exceptions.ErrKnownException) || errors.Is(err, exceptions.ErrNoException) || errors.Is(err, exceptions.ErrNotOwn) {
		return &exit{exitNotWell, err.Error()}
	}
	return err
}

func newAllowRemove() *cobra.Command {
	var s settings
	return s.withFlags(&cobra.Command{
		Use: "remove ID", Short: "Remove an exception that was added", Args: cobra.ExactArgs(1),
		Long: `Removes an exception from the file that allow add keeps. The error for one of the configuration
names the place where it can be removed. Exits with 1 when there is no such exception.`,
		Example: `  sudo hooksnare allow remove alert-0123456789abcdef`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, sources, err := s.loadNoting(cmd)
			if err != nil {
				return err
			}
			if err := exceptions.NewAllow(c, exceptions.Whoever()).Remove(cmd.Context(), args[0], sources); err != nil {
				return exitRefused(err)
			}
			acceptFiles(cmd, c.Root, c.StateDir, "allow", config.ExceptionsFile)
			note(cmd, "removed %s: a running agent stops using it within seconds", args[0])
			return nil
		},
	}, "root", "config")
}

func newAllowList() *cobra.Command {
	var s settings
	var asPlist bool
	cmd := s.withFlags(&cobra.Command{
		Use: "list", Short: "List the exceptions in force", Args: cobra.NoArgs,
		Long: `Lists every exception, also those of the configuration: what it covers and why, who added it
from which alert, when it expires, and how often the running agent used it.

With --format plist it prints the key Exceptions of a configuration that has all of them, the
preset for Jamf Pro included where it is in force.`,
		Example: `  sudo hooksnare allow list
  sudo hooksnare allow list --format ndjson | jq -r .id
  sudo hooksnare allow list --format plist >exceptions.plist`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asPlist {
				return printAllowed(cmd, &s)
			}
			return listAllowed(cmd, &s)
		},
	}, "root", "config", "state-dir", "format")
	cmd.Flags().Lookup("format").Usage = "`FORMAT` of the results: text, ndjson or plist (default text on a terminal, ndjson otherwise)"
	prepare := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if asPlist = s.format == "plist"; asPlist {
			s.format = ""
		}
		return prepare(cmd, args)
	}
	return cmd
}

func listAllowed(cmd *cobra.Command, s *settings) error {
	c, sources, err := s.loadNoting(cmd)
	if err != nil {
		return err
	}
	list, unknown := exceptions.ListExceptions(c, sources, time.Now())
	for _, fault := range config.Faults(unknown) {
		note(cmd, "not known: %v", fault)
	}
	return printEach(s.out, list, exceptionText)
}

// printAllowed prints all exceptions as a configuration has them.
func printAllowed(cmd *cobra.Command, s *settings) error {
	c, _, err := s.loadNoting(cmd)
	if err != nil {
		return err
	}
	content, err := config.EncodeExceptions(c.Exceptions)
	if err != nil {
		return err
	}
	if own := len(c.Exceptions) - len(exceptions.Configured(c.Exceptions)); own > 0 {
		note(cmd, "%d of these are from %s: remove them there (hooksnare allow remove) once the configuration has them, as each ID may be used once", own, config.ExceptionsPath(c.Root))
	}
	_, err = cmd.OutOrStdout().Write(content)
	return err
}

// exceptionText is an exception for a person.
func exceptionText(x *exceptions.AllowedHook) string {
	rows := newRows()
	addException(rows, &x.Exception)
	if x.Expired {
		rows.Add("state", "expired: it hides nothing any more")
	}
	rows.Add("source", cmp.Or(x.File, x.Source))
	if a := x.Added; a != nil {
		text := a.Time.UTC().Format(time.DateTime) + "Z by " + a.By.String()
		if a.Alert != "" {
			text += " from alert " + a.Alert
		}
		if a.Edited {
			text += "; edited since"
		}
		rows.Add("added", text)
	}
	if u := x.Use; u != nil {
		text := fmt.Sprintf("%d times since %sZ", u.Hits, u.Since.UTC().Format(time.DateTime))
		if u.Broken > 0 {
			text += fmt.Sprintf("; %d times its pin did not hold", u.Broken)
		}
		rows.Add("used", text)
	}
	return quote.Printable(x.ID) + "\n" + rows.String() + "\n"
}

// proposalText says what a new exception, stored in a file, hides from now on.
func proposalText(file string, x *config.Exception, h *alert.Hook) string {
	hidden, conditions := newRows(), newRows()
	hidden.Add("key", h.Key)
	hidden.Add("value", *h.Value)
	hidden.Add("file", h.Plist)
	addException(conditions, x)
	conditions.Add("stored in", file)
	return x.ID + " hides every alert about\n" + hidden.String() + "as long as\n" + conditions.String()
}

// addException adds what an exception requires, why it exists, and when it ends.
func addException(rows *alert.Rows, x *config.Exception) {
	rows.Add("where", strings.Join(strings.Fields(x.Where), " "))
	rows.Add("rules", strings.Join(x.Rules, ", "))
	if r := &x.Require; r.IsZero() {
		rows.Add("program", "whatever it is")
	} else {
		rows.Add("owner", r.Owner)
		if r.NotWritableByOthers {
			rows.Add("writable", "by nobody but root, nor any folder above it")
		}
		rows.Add("sha256", strings.Join(r.SHA256, ", "))
		rows.Add("team id", r.TeamID)
	}
	expires := "never"
	if !x.Expires.IsZero() {
		expires = x.Expires.UTC().Format(time.DateTime) + "Z"
	}
	rows.Add("expires", expires)
	rows.Add("reason", x.Reason)
}
