package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/agent/integrity"
	"hooksnare/agent/ruleset"
	"hooksnare/agent/service"
	"hooksnare/pkg/quote"
)

// accepting runs a verb and notes what it does for the agent, which reports what no verb did.
func accepting(cmd *cobra.Command, root, verb string, do func() error) error {
	stateDir := filepath.Join("/", root, config.Default().StateDir)
	if verb != "start" && (root != "" || os.Geteuid() == 0) {
		acceptFiles(cmd, root, stateDir, verb, integrity.Stop)
	}
	if err := do(); err != nil {
		return err
	}
	if verb == "uninstall" {
		acceptInstallation(cmd, root, verb)
	}
	return nil
}

// acceptInstallation notes that a verb changed what an agent is made of, and ends the agent.
func acceptInstallation(cmd *cobra.Command, root, verb string) {
	stateDir := filepath.Join("/", root, config.Default().StateDir)
	s := settings{root: root}
	c, _, _ := s.load() // the agent reports its faults
	accept(cmd, root, stateDir, verb, ruleset.Files(c), append(service.Files(), config.LocalFile, config.ExceptionsFile, integrity.Stop)...)
}

// acceptFiles notes that a verb changed files of the agent.
func acceptFiles(cmd *cobra.Command, root, stateDir, verb string, files ...string) {
	accept(cmd, root, stateDir, verb, nil, files...)
}

// accept is acceptFiles, and notes which rule files lie in folders now.
func accept(cmd *cobra.Command, root, stateDir, verb string, folders map[string][]string, files ...string) {
	if err := integrity.Accept(root, stateDir, verb, time.Now(), folders, files...); err != nil {
		note(cmd, "the agent will report what this did, as it can't be noted: %v", err)
	}
}

// serviceCommands are the verbs of the launchd job.
func serviceCommands() []*cobra.Command {
	var purge bool
	var out []*cobra.Command
	for _, verb := range []struct {
		name, short, long, done string
		do                      func(*service.Service, context.Context) error
	}{
		{"install", "Put the agent on this Mac and start it",
			`Copies this program to ` + service.Program + `,
writes the launchd job and starts it. Run again, it upgrades what is there; a new
version that does not start is replaced by the former one, which is kept beside it
as hooksnare.previous. The command is linked as /usr/local/bin/hooksnare, with its
completion for bash, fish and zsh, and newsyslog(8) puts the agent's log aside.`,
			"installed", (*service.Service).Install},
		{"uninstall", "Stop the agent and remove it from this Mac",
			`Stops the launchd job and removes all that install put on this Mac, and the
receipt of the package. State, logs, and the
rules and exceptions of the site beside the program stay unless --purge is given.
Preferences stay in any case.`,
			"uninstalled", func(s *service.Service, ctx context.Context) error { return s.Uninstall(ctx, purge) }},
		{"start", "Start the installed agent", "Starts the launchd job.", "started", (*service.Service).Start},
		{"stop", "Stop the installed agent", "Stops the launchd job until it is started or the Mac restarts.",
			"stopped", (*service.Service).Stop},
		{"restart", "Stop and start the installed agent", "Restarts the launchd job, as after a grant of Full Disk Access.",
			"restarted", (*service.Service).Restart},
	} {
		var root string
		cmd := &cobra.Command{
			Use: verb.name, Short: verb.short, Long: verb.long, Example: "  sudo hooksnare " + verb.name, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				var progress func(string)
				if isTerminal(os.Stderr) {
					progress = func(step string) { note(cmd, "%s", step) }
				}
				if root != "" {
					var err error
					if root, err = filepath.Abs(root); err != nil {
						return fmt.Errorf("%s: --root: %w", verb.name, err)
					}
				}
				s := settings{root: root}
				c, _, _ := s.load() // the agent reports its faults
				svc, err := service.New(service.Options{
					Root: root, StateDir: c.StateDir, Version: version, Completions: completionTexts(cmd.Root()), Progress: progress,
					Note:    func(text string) { note(cmd, "%s", text) },
					Changed: func() { acceptInstallation(cmd, root, verb.name) },
				})
				if err == nil {
					err = accepting(cmd, root, verb.name, func() error { return verb.do(svc, cmd.Context()) })
				}
				if err != nil {
					return fmt.Errorf("%s: %w", verb.name, err)
				}
				fmt.Fprintln(cmd.ErrOrStderr(), "hooksnare: "+verb.done)
				if verb.name == "install" && root == "" {
					io.WriteString(cmd.ErrOrStderr(), missingText(c.StateDir))
				}
				return nil
			},
		}
		cmd.Flags().StringVar(&root, "root", "", "`DIR` to install below, as if it were the disk; launchd is not called")
		if verb.name == "uninstall" {
			cmd.Flags().BoolVar(&purge, "purge", false, "also remove state, logs, and the rules and exceptions in the program's folder")
		}
		out = append(out, cmd)
	}
	return out
}

// completionTexts returns the completion of the command for each shell of a Mac.
func completionTexts(root *cobra.Command) map[string][]byte {
	out := map[string][]byte{}
	for shell, write := range map[string]func(io.Writer) error{
		"bash": func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
		"zsh":  root.GenZshCompletion,
	} {
		var b bytes.Buffer
		if write(&b) == nil {
			out[shell] = b.Bytes()
		}
	}
	return out
}

// missingText says what an agent that was just started still needs, as far as it knows yet.
func missingText(stateDir string) string {
	var b strings.Builder
	st, err := health.ReadStatus(stateDir)
	if err == nil {
		for _, c := range st.Health.Conditions {
			if name, known := health.Find(c.State); known && name != health.Starting {
				fmt.Fprintf(&b, "hooksnare: %s: %s\n", quote.Printable(c.State), name.Row().Cure)
			}
		}
	}
	if st.Health.Sensor.LastCanary == nil {
		b.WriteString("hooksnare: the agent needs Full Disk Access. If it was not granted yet: System Settings, Privacy & Security,\n" +
			"  Full Disk Access, add " + service.Program + ",\n" +
			"  or deliver the profile that hooksnare profile fda writes. The agent starts again by itself then\n")
	}
	if team == "" {
		b.WriteString("hooksnare: this program is not signed by a Developer ID: macOS takes Full Disk Access away at each upgrade\n")
	}
	b.WriteString("hooksnare: sudo hooksnare doctor says what is missing\n")
	return b.String()
}
