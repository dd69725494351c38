package service

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
)

func TestInstallWaitsForLaunchd(t *testing.T) {
	m := newMac(t)
	m.flag("busy", "3")
	var steps []string
	m.service.progress = func(step string) { steps = append(steps, step) }
	m.install()
	want := loadCalls(m)
	want = append(want[:3:3], want[2], want[2], want[2], want[3])
	m.wantCalls("install", want...)
	if last := steps[len(steps)-2]; last != "waiting for launchd, try 4 of 30" {
		t.Errorf("last step but one %q, want try 4 of 30", last)
	}
}

func TestInstallGivesUp(t *testing.T) {
	m := newMac(t)
	m.flag("busy", "1000")
	wantError(t, "install", m.service.Install(t.Context()),
		"launchctl bootstrap: exit status 5: Bootstrap failed: 5: Input/output error", "tried 30 times")
	bootstraps := 0
	for _, call := range m.calls() {
		if strings.HasPrefix(call, "bootstrap ") {
			bootstraps++
		}
	}
	if bootstraps != 30 {
		t.Errorf("%d tries, want 30", bootstraps)
	}
	m.wantTree("failed install", installed...)
}

func TestInstallStopsWhenCancelled(t *testing.T) {
	m := newMac(t)
	m.flag("busy", "1000")
	ctx, cancel := context.WithCancel(t.Context())
	m.service.progress = func(step string) {
		if strings.Contains(step, "try 2") {
			cancel()
		}
	}
	if err := m.service.Install(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	m.calls()
	if err := m.service.Install(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("install with a dead context: error %v, want %v", err, context.Canceled)
	}
	m.wantCalls("install with a dead context")
}

func TestLaunchctlMissing(t *testing.T) {
	m := newMac(t)
	m.install()
	if err := os.Remove(m.launchctl); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for verb, err := range map[string]error{
		"install": m.service.Install(ctx), "start": m.service.Start(ctx), "stop": m.service.Stop(ctx),
		"restart": m.service.Restart(ctx), "uninstall": m.service.Uninstall(ctx, true),
	} {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: error %v, want %v", verb, err, os.ErrNotExist)
		}
	}
	m.wantTree("uninstall without launchctl", running...)
}

func TestLaunchctlSpeaksTooMuch(t *testing.T) {
	m := newMac(t)
	m.write(m.launchctl, "#!/bin/sh\ni=0\nwhile [ $i -lt 5000 ]; do echo 'no  luck'; i=$((i+1)); done\nexit 9\n", 0o755)
	err := m.service.runLaunchctl(t.Context(), "enable", target)
	wantError(t, "enable", err, "launchctl enable: exit status 9: no luck no luck")
	if len(err.Error()) > maxMessage+100 {
		t.Errorf("error has %d bytes, want at most %d", len(err.Error()), maxMessage+100)
	}
}

func TestStartStopRestart(t *testing.T) {
	const (
		printJob = "print system/com.hooksnare.agent"
		bootout  = "bootout system/com.hooksnare.agent"
		kick     = "kickstart system/com.hooksnare.agent"
		rekick   = "kickstart -k system/com.hooksnare.agent"
	)
	m := newMac(t)
	ctx := t.Context()
	wantError(t, "start", m.service.Start(ctx), "not installed: run hooksnare install first")
	wantError(t, "restart", m.service.Restart(ctx), "not installed: run hooksnare install first")
	m.wantCalls("verbs before install")
	m.install()
	load := loadCalls(m)[1:]
	m.calls()

	for _, step := range []struct {
		name string
		verb func(context.Context) error
		want []string
	}{
		{"start of a loaded job", m.service.Start, []string{printJob, kick}},
		{"restart of a loaded job", m.service.Restart, []string{printJob, rekick}},
		{"stop", m.service.Stop, []string{printJob, bootout, printJob}},
		{"stop of a stopped job", m.service.Stop, []string{printJob}},
		{"start of a stopped job", m.service.Start, append([]string{printJob}, load...)},
		{"stop again", m.service.Stop, []string{printJob, bootout, printJob}},
		{"restart of a stopped job", m.service.Restart, append([]string{printJob}, load...)},
	} {
		if err := step.verb(ctx); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		m.wantCalls(step.name, step.want...)
	}
}

func TestUninstall(t *testing.T) {
	kept := []string{
		"drwxr-xr-x /Library",
		"drwxr-xr-x /Library/Application Support",
		"drwxr-xr-x /Library/LaunchDaemons",
		"drwxr-xr-x /var",
		"drwxr-xr-x /var/db",
		"drwx------ /var/db/hooksnare",
		"-rw------- /var/db/hooksnare/spool",
		"-rw------- /var/db/hooksnare/status.json",
		"drwxr-xr-x /var/log",
		"drwxr-x--- /var/log/hooksnare",
		"-rw------- /var/log/hooksnare/alerts.jsonl",
	}
	purged := []string{kept[0], kept[1], kept[2], kept[3], kept[4], kept[8]}
	for _, tt := range []struct {
		name  string
		purge bool
		want  []string
	}{{"keeping state", false, kept}, {"purging", true, purged}} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMac(t)
			m.install()
			m.write(m.service.path(stateFolder)+"/spool", "state", 0o600)
			m.write(m.service.path(logFolder)+"/alerts.jsonl", "log", 0o600)
			m.calls()
			for _, again := range []string{"uninstall", "second uninstall"} {
				if err := m.service.Uninstall(t.Context(), tt.purge); err != nil {
					t.Errorf("%s: %v", again, err)
				}
				m.wantTree(again, tt.want...)
			}
			m.wantCalls("uninstall, twice", "print "+target, "bootout "+target, "print "+target, "print "+target)
		})
	}
}

func TestUninstallKeepsTheSitesRules(t *testing.T) {
	m := newMac(t)
	m.install()
	rule := m.service.path(folder + "/rule.toml")
	m.write(rule, "rule", 0o600)
	m.write(m.service.path(folder+"/.hooksnare.new"), "half", 0o600)
	if err := m.service.Uninstall(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	m.wantFile(folder+"/rule.toml", "rule")
	if left, err := os.ReadDir(m.service.path(folder)); err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v, want the rule alone", left, err)
	}
	if err := m.service.Uninstall(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(rule); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("rule after purge: %v, want %v", err, os.ErrNotExist)
	}
}

func TestUninstallOfNothing(t *testing.T) {
	m := newMac(t)
	if err := m.service.Uninstall(t.Context(), true); err != nil {
		t.Errorf("uninstall on an empty disk: %v", err)
	}
	m.wantTree("uninstall on an empty disk")
}

func TestUninstallRemovesNothingWhileTheAgentRuns(t *testing.T) {
	m := newMac(t)
	m.install()
	m.flag("stuck", "")
	wantError(t, "uninstall", m.service.Uninstall(t.Context(), true),
		"launchctl bootout: exit status 1: Boot-out failed: 1: Operation not permitted", "tried 30 times")
	m.wantTree("uninstall of a job that won't end", running...)
}

func TestPurgeFollowsNoLink(t *testing.T) {
	m := newMac(t)
	m.install()
	outside := t.TempDir()
	m.write(outside+"/precious", "precious", 0o600)
	if err := os.RemoveAll(m.service.path(stateFolder)); err != nil {
		t.Fatal(err)
	}
	m.link(outside, stateFolder)
	m.link(outside, logFolder+"/elsewhere")
	if err := m.service.Uninstall(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(outside + "/precious"); err != nil {
		t.Errorf("a file outside the disk: %v", err)
	}
}
