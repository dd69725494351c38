package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"hooksnare/agent/service"
)

// serviceCommands are the verbs of the launchd job.
func serviceCommands() []*cobra.Command {
	var purge bool
	verbs := []struct {
		name, short, long, example, done string
		do                               func(context.Context, *service.Service) error
	}{
		{"install", "Put the agent on this Mac and start it",
			`Copies this program to ` + service.Program + `,
writes the launchd job and starts it. Run again, it upgrades what is there.`,
			"  sudo hooksnare install", "installed",
			func(ctx context.Context, s *service.Service) error { return s.Install(ctx) }},
		{"uninstall", "Stop the agent and take it off this Mac",
			`Stops the launchd job and removes it and the program. State, logs, and the
rules and exceptions of the site beside the program stay unless --purge is given.
Preferences stay in any case.`,
			"  sudo hooksnare uninstall\n  sudo hooksnare uninstall --purge", "uninstalled",
			func(ctx context.Context, s *service.Service) error { return s.Uninstall(ctx, purge) }},
		{"start", "Start the installed agent", "Starts the launchd job.", "  sudo hooksnare start", "started",
			func(ctx context.Context, s *service.Service) error { return s.Start(ctx) }},
		{"stop", "Stop the installed agent", "Stops the launchd job until it is started or the Mac restarts.", "  sudo hooksnare stop", "stopped",
			func(ctx context.Context, s *service.Service) error { return s.Stop(ctx) }},
		{"restart", "Stop and start the installed agent", "Restarts the launchd job, as after a grant of Full Disk Access.",
			"  sudo hooksnare restart", "restarted",
			func(ctx context.Context, s *service.Service) error { return s.Restart(ctx) }},
	}
	var out []*cobra.Command
	for _, v := range verbs {
		var root string
		cmd := &cobra.Command{
			Use: v.name, Short: v.short, Long: v.long, Example: v.example, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				s, err := service.New(service.Options{Root: root, Progress: stepPrinter(v.name)})
				if err == nil {
					err = v.do(cmd.Context(), s)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", v.name, err)
				}
				fmt.Fprintln(cmd.ErrOrStderr(), "hooksnare: "+v.done)
				return nil
			},
		}
		cmd.Flags().StringVar(&root, "root", "", "`DIR` to install below, as if it were the disk; launchd is not called")
		if v.name == "uninstall" {
			cmd.Flags().BoolVar(&purge, "purge", false, "also remove state, logs, and the rules and exceptions in the program's folder")
		}
		out = append(out, cmd)
	}
	return out
}

// stepPrinter returns a function that shows the user at a terminal each step, nil without a terminal.
func stepPrinter(verb string) func(string) {
	if !stderrTerminal() {
		return nil
	}
	return func(step string) { fmt.Fprintf(os.Stderr, "%s: %s\n", verb, step) }
}
