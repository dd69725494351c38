package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/config"
	"hooksnare/agent/integrity"
	"hooksnare/agent/service"
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
	if verb == "install" || verb == "uninstall" {
		acceptFiles(cmd, root, stateDir, verb, append(service.Files(), config.LocalFile, config.ExceptionsFile)...)
	}
	return nil
}

// acceptFiles notes that a verb changed files of the agent.
func acceptFiles(cmd *cobra.Command, root, stateDir, verb string, files ...string) {
	if err := integrity.Accept(root, stateDir, verb, time.Now(), files...); err != nil {
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
writes the launchd job and starts it. Run again, it upgrades what is there.`,
			"installed", (*service.Service).Install},
		{"uninstall", "Stop the agent and remove it from this Mac",
			`Stops the launchd job and removes it and the program. State, logs, and the
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
				s, err := service.New(root, progress)
				if err == nil {
					err = accepting(cmd, root, verb.name, func() error { return verb.do(s, cmd.Context()) })
				}
				if err != nil {
					return fmt.Errorf("%s: %w", verb.name, err)
				}
				fmt.Fprintln(cmd.ErrOrStderr(), "hooksnare: "+verb.done)
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
