import { mount } from 'svelte';
import App from './App.svelte';
import { reachAgent } from './agent/reach';
import './theme.css';
import './parts.css';

const target = document.getElementById('app');
if (target) mount(App, { target, props: { agent: reachAgent() } });
