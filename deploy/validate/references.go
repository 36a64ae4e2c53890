package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

func labelSet(values map[string]string) labels.Set { return labels.Set(values) }

// references lists names that point to nothing: config maps, claims, and services whose selector no pod matches.
func references(objects []runtime.Object) []string {
	configs, claims := map[string]bool{}, map[string]bool{}
	for _, object := range objects {
		switch known := object.(type) {
		case *corev1.ConfigMap:
			configs[known.Name] = true
		case *corev1.PersistentVolumeClaim:
			claims[known.Name] = true
		}
	}
	var problems []string
	for _, object := range objects {
		if service, ok := object.(*corev1.Service); ok && !selectsSomething(service, objects) {
			problems = append(problems, fmt.Sprintf("Service %s: its selector matches no pod with its ports", service.Name))
		}
		name, pod, _ := podOf(object)
		if pod == nil {
			continue
		}
		for _, volume := range pod.Spec.Volumes {
			if volume.ConfigMap != nil && !configs[volume.ConfigMap.Name] {
				problems = append(problems, fmt.Sprintf("%s: no ConfigMap %s", name, volume.ConfigMap.Name))
			}
			if claim := volume.PersistentVolumeClaim; claim != nil && !claims[claim.ClaimName] {
				problems = append(problems, fmt.Sprintf("%s: no PersistentVolumeClaim %s", name, claim.ClaimName))
			}
		}
		for _, container := range pod.Spec.Containers {
			for _, source := range container.EnvFrom {
				if source.ConfigMapRef != nil && !configs[source.ConfigMapRef.Name] {
					problems = append(problems, fmt.Sprintf("%s: no ConfigMap %s", name, source.ConfigMapRef.Name))
				}
			}
		}
	}
	return problems
}

// selectsSomething says whether some pod matches the service and has every named port that it targets.
func selectsSomething(service *corev1.Service, objects []runtime.Object) bool {
	selector := labels.SelectorFromSet(service.Spec.Selector)
	for _, object := range objects {
		_, pod, _ := podOf(object)
		if pod == nil || len(service.Spec.Selector) == 0 || !selector.Matches(labelSet(pod.Labels)) {
			continue
		}
		ports := map[string]bool{}
		for _, container := range pod.Spec.Containers {
			for _, port := range container.Ports {
				ports[port.Name] = true
			}
		}
		all := true
		for _, port := range service.Spec.Ports {
			if port.TargetPort.StrVal != "" && !ports[port.TargetPort.StrVal] {
				all = false
			}
		}
		if all {
			return true
		}
	}
	return false
}
