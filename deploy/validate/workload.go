package main

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// podOf returns the pod template of a workload, its name, and the selector that must match it.
func podOf(object runtime.Object) (string, *corev1.PodTemplateSpec, *metav1.LabelSelector) {
	switch workload := object.(type) {
	case *appsv1.Deployment:
		return "Deployment " + workload.Name, &workload.Spec.Template, workload.Spec.Selector
	case *appsv1.StatefulSet:
		return "StatefulSet " + workload.Name, &workload.Spec.Template, workload.Spec.Selector
	}
	return "", nil, nil
}

// check lists what is wrong with one object.
func check(object runtime.Object) []string {
	name, pod, selector := podOf(object)
	if pod == nil {
		return nil
	}
	var problems []string
	say := func(format string, values ...any) {
		problems = append(problems, name+": "+fmt.Sprintf(format, values...))
	}

	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return []string{err.Error()}
	}
	restricted := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			say("restricted Pod Security refuses it: %s (%s)", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	if match, err := metav1.LabelSelectorAsSelector(selector); err != nil || match.Empty() || !match.Matches(labelSet(pod.Labels)) {
		say("its selector does not match its pods")
	}
	if pod.Spec.AutomountServiceAccountToken == nil || *pod.Spec.AutomountServiceAccountToken {
		say("mounts a service account token")
	}
	for _, volume := range pod.Spec.Volumes {
		if volume.EmptyDir != nil && volume.EmptyDir.SizeLimit == nil {
			say("emptyDir %s has no size limit", volume.Name)
		}
	}
	for _, container := range pod.Spec.Containers {
		problems = append(problems, checkContainer(name, container)...)
	}
	return problems
}

func checkContainer(name string, container corev1.Container) []string {
	var problems []string
	say := func(what string) {
		problems = append(problems, fmt.Sprintf("%s, container %s: %s", name, container.Name, what))
	}
	if container.ReadinessProbe == nil || container.LivenessProbe == nil {
		say("lacks a readiness or a liveness probe")
	}
	if container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero() {
		say("requests no CPU or no memory")
	}
	if container.Resources.Limits.Memory().IsZero() {
		say("has no memory limit")
	}
	if security := container.SecurityContext; security == nil || security.ReadOnlyRootFilesystem == nil || !*security.ReadOnlyRootFilesystem {
		say("its root file system is writable")
	}
	return problems
}
