import './host/locale';
import '@fontsource-variable/inter';
import './style/tokens.css';
import './style/base.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { inWindow, windowHost } from './host/tauri';
import { webHost } from './host/web';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element #app to draw in');
mount(App, { target, props: { host: inWindow() ? windowHost() : webHost() } });
